// The reactor: nginx's event core around the epoll module, as one object. It owns the connections, the posted
// queues, the timers and the cached time; several can live in one process, each on its own kernel object and
// thread. Only notify() may be called from another thread.
//
// How to use it: init(); listen(), or get_connection(fd) and set the handlers of its events, add_event() or
// add_connection(); then process_events_and_timers(), again and again. (Its parts can be called one by one:
// process_events(), run_posted_accept(), expire_timers(), run_posted().) A handler finds its connection in
// event.connection and whatever its owner put into connection->data. Handlers of edge-triggered events read or
// write until `ready` is false; one that is to be called again ends with handle_read_event() or
// handle_write_event(), which suits both kinds of trigger.
//
// Nothing is allocated and nothing is thrown while the loop turns. Definitions are in reactor.ipp;
// linux_reactor.hpp gives the instance for the system at hand.
//
// Signals are the owner's, but for the interval timer's: see core/examples/echo_server.cpp for one way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/accept_mutex.hpp"
#include "core/acceptor.hpp"
#include "core/check.hpp"
#include "core/cycle.hpp"
#include "core/epoll_module.hpp"
#include "core/file_aio.hpp"
#include "core/kernel.hpp"
#include "core/listener.hpp"
#include "core/log.hpp"
#include "core/options.hpp"
#include "core/status.hpp"

namespace edgecase {

// How many pieces one writev() takes at most: nginx's NGX_IOVS_PREALLOCATE. Linux takes 1024.
inline constexpr std::size_t k_most_pieces = 64;

template <Kernel K> class Reactor;

// An outgoing connection, and how far it has come; null if it was given up.
struct ConnectResult {
    ConnectStatus status = ConnectStatus::error;
    Connection* connection = nullptr;
};

// The actions of the module, as nginx's table has them: a null entry is an action that this module lacks.
template <Kernel K> struct EventActions {
    Status (Reactor<K>::*add)(Event&, std::uint32_t) = nullptr;
    Status (Reactor<K>::*del)(Event&, std::uint32_t) = nullptr;
    Status (Reactor<K>::*enable)(Event&, std::uint32_t) = nullptr;
    Status (Reactor<K>::*disable)(Event&, std::uint32_t) = nullptr;
    Status (Reactor<K>::*add_connection)(Connection&) = nullptr;
    Status (Reactor<K>::*del_connection)(Connection&, std::uint32_t) = nullptr;
    Status (Reactor<K>::*notify)(NotifyTask&) = nullptr;
    Status (Reactor<K>::*process_events)(Msec, unsigned) = nullptr;
    Status (Reactor<K>::*init)(const Options&) = nullptr;
    void (Reactor<K>::*done)() = nullptr;
};

template <Kernel K> class Reactor {
public:
    // Both must outlive the reactor. Calls nobody.
    Reactor(K& kernel, Log& log);
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    // Ends with done() and gives the tables back. Descriptors of connections that are still open are their
    // owner's.
    ~Reactor();

    // Sets everything up. Error: one EMERG line; what this call had made is undone. The first init that
    // succeeds fixes worker_connections for the reactor's life, and capabilities hold from an init that
    // follows done (or the first) to the next done. While it runs, init again changes epoll_events and
    // notify_rewind_after; on error they stay.
    Status init(const Options& options);

    // Takes everything down but the tables: connections stay open and can be added again after another init;
    // listeners are so by themselves. No event is active afterwards; tasks given to notify() that did not run
    // are dropped. Reads of files that are in flight are waited for and discarded; what is complete and posted
    // stays so. Any number of times.
    void done();
    [[nodiscard]] bool running() const { return module_.running(); }

    [[nodiscard]] const EventActions<K>& actions() const { return actions_; }
    [[nodiscard]] std::uint32_t event_flags() const { return module_.event_flags(); }

    // A connection for the descriptor. When all worker_connections are taken, connections that are reusable are
    // closed first, by their owners; null, with an ALERT line, if that leaves none.
    Connection* get_connection(int fd) { return cycle_.get_connection(fd); }

    // From now on the connection may be closed when connections run out, the one that has been reusable longest
    // first (ngx_reusable_connection). Its read handler is then called with `close` set, whatever is being done, and
    // is to close it. Up to k_most_drained are asked at a time; a handler asked so gets no connection that is not
    // free. One that does not close is reusable no longer.
    void make_reusable(Connection& connection) {
        EDGECASE_CHECK(!connection.read.accept, "a listener is made reusable", connection.slot);
        cycle_.reusable.add(connection);
    }

    // The reverse: its owner needs it now. A handler that goes to work on a reusable connection calls this first.
    void keep_connection(Connection& connection) { cycle_.reusable.remove(connection); }

    // Calls the read handlers of all connections whose owners have set `idle`, with `close` set, so that they close
    // them: for an end in good order (ngx_close_idle_connections).
    void close_idle_connections();

    // Opens a connection to the address (ngx_event_connect_peer). It is in epoll before it connects, so that no edge
    // is lost. connected: `ready` of its write event is set. in_progress, the usual answer: a report will come, and
    // connect_error() then says what came of it; how long to wait is the caller's, by a timer. declined: refused or
    // unreachable at once: one line, ERR if the network is to blame and CRIT otherwise. error: no socket, no slot, or
    // epoll refused it: one ALERT line. In the last two cases nothing is left. The caller sets the handlers before the
    // next wait.
    ConnectResult connect_peer(const InetAddress& address);

    // What came of a connect in progress once an event was reported: 0 if the connection stands, else the errno, with
    // one ERR line. It is the socket's pending error, so it is said once.
    int connect_error(Connection& connection);

    // Gives the slot back, with its timers and posted events. The descriptor stays open and is the caller's
    // again.
    void free_connection(Connection& connection);

    // Frees the connection and closes its descriptor, which takes it out of epoll, unless another descriptor
    // refers to the same open file. Closing twice is an ALERT line and no effect. close() failing is a CRIT
    // line.
    void close_connection(Connection& connection);

    // The same for a descriptor that was duplicated or inherited by another process: deletes it from epoll
    // first.
    void close_shared_connection(Connection& connection);

    // Accepts from a listening descriptor (non-blocking) from now on: calls listener.handler for each
    // connection. After the first init. The listener keeps its address until it is closed, by closing its
    // connection, or the reactor ends; the descriptor is then closed as that of any connection. Error: there
    // is no slot, or epoll refuses the descriptor: one ALERT line, and the descriptor is the caller's.
    //
    // accept4() failing: EAGAIN ends the handler. ECONNABORTED (ERR line) and errors of the network (ALERT)
    // have taken one connection away; the handler goes on if it is to take several. EMFILE and ENFILE (CRIT),
    // ENOBUFS and ENOMEM (ALERT) take all listeners out of epoll for accept_mutex_delay_ms, or until the lock
    // is got again; any other error (ALERT) this one listener. A listener that cannot be put back is tried again
    // after the same delay. After ENOSYS it is accept(2) and fcntl(2) from then on.
    Status listen(Listener& listener, int fd) { return acceptor_.listen(listener, fd); }

    // What listeners are shared under with other reactors; without one, or with the option accept_mutex off,
    // each watches its listeners all the time. Before the first listen(); the lock must outlive the reactor.
    void use_accept_mutex(const AcceptMutex& mutex) { acceptor_.use_mutex(mutex); }

    // While above 0, a turn counts it down instead of trying the lock: fewer than an eighth of the connections
    // were free at the last accept, or descriptors ran out.
    [[nodiscard]] std::int64_t accept_disabled() const { return acceptor_.disabled(); }

    // One turn, in nginx's order: tries the accept mutex; waits until the first timer is due, or without an
    // end; runs the accept queue; gives the mutex back; fires the timers that are due; runs the normal queue.
    // It does not sleep if something is posted already. With timer_resolution_ms it waits without an end and
    // relies on the alarm. Answers what process_events answered; a wait that failed ends the turn no earlier.
    Status process_events_and_timers();

    // See epoll_module.hpp.
    Status add_event(Event& event, std::uint32_t flags) { return module_.add_event(event, flags); }
    Status del_event(Event& event, std::uint32_t flags) { return module_.del_event(event, flags); }
    Status add_connection(Connection& connection) { return module_.add_connection(connection); }

    Status del_connection(Connection& connection, std::uint32_t flags) {
        return module_.del_connection(connection, flags);
    }

    // What a handler ends with that waits for more (ngx_handle_read_event, ngx_handle_write_event). An event
    // that is neither active nor ready is added, edge-triggered if event_flags() says so. A level-triggered one
    // that is active is deleted while it is ready, since every wait would report what nobody takes now, or if
    // flags has k_close_event, which goes on to del_event. Otherwise nothing is done. Error: as of those.
    Status handle_read_event(Connection& connection, std::uint32_t flags = 0) {
        return handle_event(connection.read, flags);
    }

    Status handle_write_event(Connection& connection) { return handle_event(connection.write, 0); }

    Status notify(NotifyTask& task) { return module_.notify(task); }
    Status process_events(Msec timer_ms, unsigned flags) { return module_.process_events(timer_ms, flags); }

    // recv(2) and send(2) on the connection, with the rules of apply_read_result and apply_write_result. An
    // interrupted call is repeated at most 16 times, then answers EAGAIN. Errors other than EAGAIN are
    // logged.
    SysResult recv(Connection& connection, void* buffer, std::size_t size) {
        const SysResult result = kernel_.recv(connection.fd, buffer, size, 0);
        if (result.value <= 0) [[unlikely]] {
            return finish_recv(connection, buffer, size, result);
        }
        return result;
    }

    SysResult send(Connection& connection, const void* bytes, std::size_t size) {
        // A broken connection is an error of the call; the process's SIGPIPE is not ours to set.
        const SysResult result = kernel_.send(connection.fd, bytes, size, k_msg_nosignal);
        if (result.value != static_cast<std::int64_t>(size)) [[unlikely]] {
            return finish_send(connection, bytes, size, result);
        }
        return result;
    }

    // The pieces one behind the other, as one send: nginx's writev. Of more than k_most_pieces the first are
    // taken, and `ready` stays if they went out whole: the rest is the caller's to send next. By sendmsg(2), for
    // writev(2) cannot be told to leave SIGPIPE out.
    SysResult writev(Connection& connection, std::span<const BytePiece> pieces);

    // Reads a file at a place without waiting for the disk, where the kernel does that: nginx's
    // ngx_file_aio_read. Again: the read is in flight; when it is complete, file.handler runs from the normal
    // queue, and the same call made again gives what came of it. Done and error also come at once: the read is
    // made by pread when all worker_aio_requests are in flight, when the kernel has no room, and when there is
    // no file AIO (has_file_aio). One read in flight for each FileAio: another is an ALERT line and `again`.
    // Errors of the read are CRIT lines. fd may be closed meanwhile. See file_aio.hpp for what must stay.
    FileRead read_file(FileAio& file, int fd, void* buffer, std::size_t size, std::int64_t offset) {
        return module_.read_file(file, fd, buffer, size, offset);
    }

    // Whether files are read through AIO. Once the kernel answered ENOSYS they are not, until done and init.
    [[nodiscard]] bool has_file_aio() const { return module_.has_file_aio(); }

    // nginx's rules of `ready`, for who reads and writes by other calls (pipes, eventfds). Reading: EAGAIN,
    // the end and an error clear it, fewer bytes than asked do not (the method is greedy). Writing: EAGAIN,
    // an error and fewer bytes than asked clear it. The end sets eof, an error sets error.
    void apply_read_result(Event& event, SysResult result, std::size_t asked);
    void apply_write_result(Event& event, SysResult result, std::size_t asked);

    // Posts the event to the accept queue, if it is a listener's, or to the normal one.
    void post(Event& event) { cycle_.queue_of(event).post(event); }
    void unpost(Event& event) { PostedQueue::unpost(event); }
    void run_posted_accept() { cycle_.posted_accept.run(); }
    void run_posted() { cycle_.posted.run(); }

    // Timers count from the cached time. See timers.hpp.
    void add_timer(Event& event, Msec delay_ms) { cycle_.timers.add(event, cycle_.now, delay_ms); }
    void del_timer(Event& event) { cycle_.timers.remove(event); }
    void expire_timers() { cycle_.timers.expire(cycle_.now); }
    [[nodiscard]] Msec nearest_timer() const { return cycle_.timers.nearest(cycle_.now); }

    // The cached time, and its update outside process_events.
    [[nodiscard]] Msec now() const { return cycle_.now; }
    void update_time() { cycle_.now = kernel_.monotonic_ms(); }

    [[nodiscard]] ConnectionTable& connections() { return cycle_.connections; }
    [[nodiscard]] const ConnectionTable& connections() const { return cycle_.connections; }
    [[nodiscard]] const PostedQueue& posted_accept() const { return cycle_.posted_accept; }
    [[nodiscard]] const PostedQueue& posted() const { return cycle_.posted; }
    [[nodiscard]] const Timers& timers() const { return cycle_.timers; }

private:
    [[nodiscard]] bool check_options(const Options& options) const;
    Status allocate_tables(std::uint32_t worker_connections);
    void release_tables();
    void* allocate_or_log(std::size_t bytes, std::size_t alignment);
    void detach_events(Connection& connection);
    void close(Connection& connection);
    void close_descriptor(int fd);
    void set_alarm(Msec interval_ms);
    SysResult finish_recv(Connection& connection, void* buffer, std::size_t size, SysResult first);
    SysResult finish_send(Connection& connection, const void* bytes, std::size_t size, SysResult first);
    template <class Again>
    SysResult finish_write(Connection& connection, std::string_view call, std::size_t size, SysResult first,
                           Again again);
    Status handle_event(Event& event, std::uint32_t flags);

    K& kernel_;
    Cycle cycle_;
    EpollModule<K> module_;
    Acceptor<K> acceptor_;
    Msec timer_resolution_ms_ = 0; // not 0: the alarm comes at this interval
    bool in_turn_ = false;
    EventActions<K> actions_;
};

} // namespace edgecase
