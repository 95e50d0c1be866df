// The world on the real kernel: the peers are this process's own descriptors, and a forked child is a real
// one.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <sys/types.h>

#include "props/world.hpp"

namespace edgecase {

// Whether the world gives the loopback a moment after each thing it does, so that what it did has arrived.
enum class Settling : std::uint8_t {
    yes,
    none, // for benchmarks: runs are quicker, and not always the same
};

class LinuxWorld final : public World {
public:
    LinuxWorld(std::uint64_t& now_ns, Settling settling) : now_ns_(now_ns), settling_(settling) {}
    ~LinuxWorld() override;

    void reset(const Config& config) override;
    Opened open(Name name, ObjectKind kind) override;
    void closed(Name name) override;
    void take_back(int fd) override;
    SysResult client(Name name, Name listener) override;
    int accepted(Name listener, int fd, std::uint32_t process) override;
    SysResult connect(Name name, int fd, ConnectOutcome outcome) override;
    std::uint16_t port_for(ConnectOutcome outcome) override;
    void dialled(Name name, ConnectOutcome outcome) override;
    SysResult peer_send(Name name, std::uint64_t bytes, std::uint64_t position) override;
    Taken peer_recv(Name name, std::uint64_t bytes, Direction pattern, std::uint64_t position) override;
    SysResult peer_shutdown(Name name, Shut how) override;
    SysResult shutdown(int fd, Shut how) override;
    SysResult peer_close(Name name) override;
    SysResult peer_reset(Name name) override;
    SysResult peer_connect(Name name) override;
    SysResult arm(int fd, Arming how, std::uint64_t ms) override;
    SysResult raise() override;
    SysResult icmp(Name name, int fd) override;
    SysResult complete(std::uint64_t request, int error, std::uint64_t most_bytes) override;
    SysResult dup(Name name, int fd) override;
    SysResult undup(Name name) override;
    SysResult fork() override;
    SysResult child_exit() override;
    [[nodiscard]] bool is_shared(int fd) const override;
    void pass_time(std::uint64_t ms) override;
    void wake(int fd) override;
    void end() override;
    [[nodiscard]] unsigned descriptors_open() const override;

private:
    struct Peer {
        int fd = -1;
        int duplicate = -1;
        int duplicate_of = -1;
        int port = 0;      // of a listener or a client
        int waits_at = -1; // of a client that was not accepted yet: its listener
        ObjectKind kind = ObjectKind::unix_stream;
        bool owns_fd = true; // an eventfd's number is the subject's
        bool used = false;
    };

    Peer& peer(Name name);
    static void close_one(int& fd);
    Opened open_unix(Peer& own);
    Opened open_tcp(Peer& own);
    static Opened open_udp(Peer& own);
    SysResult recv_datagrams(int fd, std::uint64_t bytes);
    Opened open_pipe(Peer& own, ObjectKind kind);
    [[nodiscard]] Opened open_file() const;
    static int listen_somewhere(int& port, int backlog);
    SysResult connect_to(int fd, int port);
    void settle() const;

    std::uint64_t& now_ns_;
    Settling settling_;
    std::array<Peer, k_max_names> peers_;
    std::vector<Name> used_;
    std::vector<pid_t> children_;
    std::vector<int> others_; // listeners and clients, until the end
    int server_fd_ = -1;
    int server_port_ = 0;
    int full_port_ = 0;
    unsigned open_before_ = 0;
    std::uint32_t unix_buffer_ = 0;
    std::uint32_t file_bytes_ = 0;
    int backlog_ = 0; // of the subject's listeners
    std::vector<std::byte> buffer_;
};

} // namespace edgecase
