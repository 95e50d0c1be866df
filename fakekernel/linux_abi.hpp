// Linux's numbers for what the model's calls take and answer: errno values, flags of open, sockets and fcntl.
// Spelled out, so that the model answers as Linux does on a host that numbers them otherwise; the conformance
// tests assert them against the system's headers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace edgecase::fake {

// errno(3), include/uapi/asm-generic/errno.h: those that the model answers.
inline constexpr int k_enoent = 2;
inline constexpr int k_eperm = 1;
inline constexpr int k_esrch = 3;
inline constexpr int k_ebadf = 9;
inline constexpr int k_eagain = 11;
inline constexpr int k_efault = 14;
inline constexpr int k_eexist = 17;
inline constexpr int k_einval = 22;
inline constexpr int k_enfile = 23;
inline constexpr int k_emfile = 24;
inline constexpr int k_espipe = 29;
inline constexpr int k_epipe = 32;
inline constexpr int k_enosys = 38;
inline constexpr int k_eloop = 40;
inline constexpr int k_enotsock = 88;
inline constexpr int k_edestaddrreq = 89;
inline constexpr int k_emsgsize = 90;
inline constexpr int k_esocktnosupport = 94;
inline constexpr int k_eopnotsupp = 95;
inline constexpr int k_eafnosupport = 97;
inline constexpr int k_eaddrinuse = 98;
inline constexpr int k_enetunreach = 101;
inline constexpr int k_econnaborted = 103;
inline constexpr int k_econnreset = 104;
inline constexpr int k_eisconn = 106;
inline constexpr int k_enotconn = 107;
inline constexpr int k_etimedout = 110;
inline constexpr int k_econnrefused = 111;
inline constexpr int k_ealready = 114;
inline constexpr int k_einprogress = 115;

// open(2), fcntl(2).
inline constexpr int k_o_wronly = 01;
inline constexpr int k_o_rdwr = 02;
inline constexpr int k_o_append = 02000;
inline constexpr int k_o_nonblock = 04000;
inline constexpr int k_o_largefile = 0100000; // the kernel's, of every open(2) on x86-64; the headers' is 0
inline constexpr int k_o_noatime = 01000000;
inline constexpr int k_o_cloexec = 02000000;
inline constexpr int k_f_dupfd = 0;
inline constexpr int k_f_getfd = 1;
inline constexpr int k_f_setfd = 2;
inline constexpr int k_f_getfl = 3;
inline constexpr int k_f_setfl = 4;
inline constexpr int k_f_dupfd_cloexec = 1030;
inline constexpr int k_fd_cloexec = 1;

// socket(2), shutdown(2), recv(2), send(2). SOCK_NONBLOCK and SOCK_CLOEXEC are the O_ bits.
inline constexpr int k_sock_stream = 1;
inline constexpr int k_sock_dgram = 2;
inline constexpr int k_sock_seqpacket = 5;
inline constexpr int k_shut_rd = 0;
inline constexpr int k_shut_wr = 1;
inline constexpr int k_shut_rdwr = 2;
inline constexpr int k_msg_oob = 0x1;
inline constexpr int k_msg_peek = 0x2;
inline constexpr int k_msg_trunc = 0x20;
inline constexpr int k_msg_dontwait = 0x40;
inline constexpr int k_msg_waitall = 0x100;
inline constexpr int k_msg_nosignal = 0x4000;

// sendmsg(2): the most pieces of one message.
inline constexpr std::size_t k_uio_maxiov = 1024;

// timerfd_create(2), timerfd_settime(2). TFD_NONBLOCK and TFD_CLOEXEC are the O_ bits, SFD_ too.
inline constexpr int k_clock_monotonic = 1;
inline constexpr int k_clock_boottime = 7;
inline constexpr int k_tfd_timer_abstime = 1;
inline constexpr int k_tfd_timer_cancel_on_set = 2;

// signal(7), sigprocmask(2), setitimer(2): the signals that the model itself sends, and what they say of themselves.
inline constexpr int k_sigalrm = 14;
inline constexpr int k_sigchld = 17;
inline constexpr int k_sig_block = 0;
inline constexpr int k_sig_unblock = 1;
inline constexpr int k_sig_setmask = 2;
inline constexpr int k_si_user = 0;
inline constexpr int k_si_kernel = 0x80;
inline constexpr int k_cld_exited = 1;
inline constexpr int k_itimer_real = 0;

// poll(2): what it answers for a number that is not open.
inline constexpr std::uint32_t k_pollnval = 0x20;

// access_ok(): no buffer reaches beyond TASK_SIZE_MAX, so what asks for so many bytes is EFAULT wherever it begins.
inline constexpr std::size_t k_task_size = 0x7fff'ffff'f000;
[[nodiscard]] constexpr bool fits_user_space(std::size_t size) {
    return size < k_task_size;
}

// PAGE_SIZE and the number of buffers in a pipe (PIPE_DEF_BUFFERS).
inline constexpr std::uint32_t k_page_bytes = 4096;
inline constexpr std::uint32_t k_pipe_buffers = 16;

} // namespace edgecase::fake
