// io_setup(2), io_submit(2), io_getevents(2), io_destroy(2), after fs/aio.c. Reads only: IOCB_CMD_PREAD.
#include <algorithm>
#include <limits>

#include "fakekernel/model.hpp"

namespace edgecase::fake {

namespace {

// ioctx_alloc(): a ring of twice as many events may not be larger than 256 MB (S-154).
constexpr unsigned k_most_aio_requests = 0x10000000U / sizeof(AioCompletion) / 2;
constexpr std::uint64_t k_whole = std::numeric_limits<std::uint64_t>::max();

} // namespace

SysResult Model::io_setup(Pid pid, unsigned requests, AioContextId* context) {
    if (context == nullptr) return SysResult::fail(k_efault);
    if (*context != 0 || requests == 0 || requests > k_most_aio_requests) return SysResult::fail(k_einval);
    if (requests > options_.aio_requests - aio_reserved_) return SysResult::fail(k_eagain);
    const Index made = aio_contexts_.acquire();
    AioContext& own = aio_contexts_[made];
    own.id = ++last_aio_context_;
    own.owner = pid;
    own.capacity = requests; // Linux rounds up; the least that it may be (S-155)
    own.next = first_aio_context_;
    first_aio_context_ = made;
    aio_reserved_ += requests;
    *context = own.id;
    return SysResult::ok(0);
}

Index Model::find_aio_context(Pid pid, AioContextId id) const {
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        if (aio_contexts_[at].id == id && aio_contexts_[at].owner == pid) return at;
    }
    return k_none;
}

// Stops at the first that is refused: how many went before it, or the errno if it was the first (S-156).
SysResult Model::io_submit(Pid pid, AioContextId id, long count, AioControlBlock* const* blocks) {
    const Index context = find_aio_context(pid, id);
    if (count < 0 || context == k_none) return SysResult::fail(k_einval);
    for (long i = 0; i < count; ++i) {
        const AioControlBlock* block = blocks == nullptr ? nullptr : blocks[i];
        const int error = block == nullptr ? k_efault : submit_aio(pid, context, *block);
        if (error != 0) return i > 0 ? SysResult::ok(i) : SysResult::fail(error);
    }
    return SysResult::ok(count);
}

// io_submit_one() and aio_read(), with their checks in their order (S-157). 0, or the errno.
int Model::submit_aio(Pid pid, Index context, const AioControlBlock& block) {
    if (block.reserved != 0 || static_cast<std::int64_t>(block.size) < 0) return k_einval;
    if (aio_contexts_[context].used == aio_contexts_[context].capacity) return k_eagain;
    const Index file = find_file(pid, static_cast<int>(block.fd));
    if (file == k_none) return k_ebadf;
    Index eventfd = k_none;
    if ((block.flags & k_aio_resfd) != 0) {
        eventfd = find_file(pid, static_cast<int>(block.resfd));
        if (eventfd == k_none) return k_ebadf;
        if (files_[eventfd].kind != FileKind::eventfd) return k_einval;
    }
    if (block.opcode != k_aio_pread) return k_einval;
    if (files_[file].kind == FileKind::pipe_write) return k_ebadf;
    if (files_[file].kind == FileKind::epoll || block.offset < 0) return k_einval;

    const Index request = aio_requests_.acquire();
    AioRequest& own = aio_requests_[request];
    own.number = ++last_aio_request_;
    own.block = block;
    own.block_address = reinterpret_cast<std::uint64_t>(&block);
    own.file = file;
    own.eventfd = eventfd;
    hold(file);
    ++aio_contexts_[context].used;
    if (files_[file].kind == FileKind::regular && regular_[files_[file].object].store == FileStore::device) {
        append(aio_contexts_[context].in_flight, request);
    } else {
        finish_aio(context, request, read_for_aio(pid, request, k_whole)); // S-159
    }
    return 0;
}

// What the read comes to, as its event says it: bytes, or an errno negated (S-158, S-160).
std::int64_t Model::read_for_aio(Pid pid, Index request, std::uint64_t most_bytes) {
    const AioControlBlock block = aio_requests_[request].block;
    const Index file = aio_requests_[request].file;
    // As a number, so the call has it.
    void* buffer = reinterpret_cast<void*>(block.buffer); // NOLINT(performance-no-int-to-ptr)
    const std::size_t size = std::min(block.size, most_bytes);
    if (is_socket(files_[file].kind) && block.offset != 0) return -k_espipe; // sock_read_iter()
    const SysResult result =
        files_[file].kind == FileKind::regular
            ? read_regular_at(file, buffer, size, static_cast<std::uint64_t>(block.offset))
            : read_file(pid, file, buffer, size);
    return result.failed() ? -result.error : result.value;
}

// aio_complete(): the event is in the ring before the eventfd is raised (S-161); then the reference goes. The
// request is in no list.
void Model::finish_aio(Index context, Index request, std::int64_t result) {
    const Index file = aio_requests_[request].file;
    const Index eventfd = aio_requests_[request].eventfd;
    aio_requests_[request].result = result;
    append(aio_contexts_[context].completed, request);
    if (eventfd != k_none) signal_eventfd(eventfd);
    let_go(file);
}

// One more at the end. A list is first in, first out; completions are, too (S-166).
void Model::append(AioRequestList& list, Index request) {
    aio_requests_[request].next = k_none;
    (list.first == k_none ? list.first : aio_requests_[list.last].next) = request;
    list.last = request;
}

void Model::unlink(AioRequestList& list, Index request, Index before) {
    const Index after = aio_requests_[request].next;
    (before == k_none ? list.first : aio_requests_[before].next) = after;
    if (list.last == request) list.last = before;
}

// The checks come before the look at what is there (S-164). It never sleeps: the timeout is 0 (S-165).
SysResult Model::io_getevents(Pid pid, AioContextId id, long least, long most, AioCompletion* out) {
    const Index context = find_aio_context(pid, id);
    if (context == k_none || least < 0 || most < least) return SysResult::fail(k_einval);
    AioContext& own = aio_contexts_[context];
    long count = 0;
    while (count < most && own.completed.first != k_none) {
        if (out == nullptr) return count > 0 ? SysResult::ok(count) : SysResult::fail(k_efault);
        const Index request = own.completed.first;
        const AioRequest& done = aio_requests_[request];
        out[count] = AioCompletion{done.block.data, done.block_address, done.result, 0};
        unlink(own.completed, request, k_none);
        aio_requests_.release(request);
        --own.used;
        ++count;
    }
    return SysResult::ok(count);
}

// kill_ioctx(): reads cannot be cancelled, so it waits for them; they still tell their eventfds (S-168).
SysResult Model::io_destroy(Pid pid, AioContextId id) {
    const Index context = find_aio_context(pid, id);
    if (context == k_none) return SysResult::fail(k_einval);
    while (aio_contexts_[context].in_flight.first != k_none) {
        const Index request = aio_contexts_[context].in_flight.first;
        unlink(aio_contexts_[context].in_flight, request, k_none);
        finish_aio(context, request, read_for_aio(pid, request, k_whole));
    }
    for (Index request = aio_contexts_[context].completed.first; request != k_none;) {
        const Index next = aio_requests_[request].next;
        aio_requests_.release(request);
        request = next;
    }
    aio_reserved_ -= aio_contexts_[context].capacity;
    Index* link = &first_aio_context_;
    while (*link != context)
        link = &aio_contexts_[*link].next;
    *link = aio_contexts_[context].next;
    aio_contexts_.release(context);
    return SysResult::ok(0);
}

// A request refers to the counter of its eventfd, not to its file (eventfd_ctx_fdget()): with the last descriptor
// goes the registration in epoll, and whoever could see the counter.
void Model::forget_eventfd(Index file) {
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        for (Index request = aio_contexts_[at].in_flight.first; request != k_none;
             request = aio_requests_[request].next) {
            if (aio_requests_[request].eventfd == file) aio_requests_[request].eventfd = k_none;
        }
    }
}

// exit_aio(): before the descriptors are closed.
void Model::destroy_aio_of(Pid pid) {
    for (Index at = first_aio_context_; at != k_none;) {
        const Index next = aio_contexts_[at].next;
        if (aio_contexts_[at].owner == pid) io_destroy(pid, aio_contexts_[at].id);
        at = next;
    }
}

bool Model::complete_aio(std::uint64_t number, int error, std::uint64_t most_bytes) {
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        AioRequestList& list = aio_contexts_[at].in_flight;
        Index before = k_none;
        for (Index request = list.first; request != k_none; request = aio_requests_[request].next) {
            if (aio_requests_[request].number == number) {
                unlink(list, request, before);
                finish_aio(at, request,
                           error != 0 ? -error : read_for_aio(aio_contexts_[at].owner, request, most_bytes));
                return true;
            }
            before = request;
        }
    }
    return false;
}

unsigned Model::count_aio(Pid pid, AioRequestList AioContext::*list) const {
    unsigned count = 0;
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        if (aio_contexts_[at].owner != pid) continue;
        for (Index request = (aio_contexts_[at].*list).first; request != k_none;
             request = aio_requests_[request].next)
            ++count;
    }
    return count;
}

bool Model::is_aio_in_flight(std::uint64_t number) const {
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next) {
        for (Index request = aio_contexts_[at].in_flight.first; request != k_none;
             request = aio_requests_[request].next) {
            if (aio_requests_[request].number == number) return true;
        }
    }
    return false;
}

unsigned Model::aio_contexts(Pid pid) const {
    unsigned count = 0;
    for (Index at = first_aio_context_; at != k_none; at = aio_contexts_[at].next)
        count += aio_contexts_[at].owner == pid ? 1U : 0U;
    return count;
}

} // namespace edgecase::fake
