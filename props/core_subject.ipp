// Definitions of core_subject.hpp. Included by the one .cpp for each kernel.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "core/reactor.ipp" // IWYU pragma: keep
#include "fakekernel/state_digest.hpp"
#include "props/core_options.hpp"
#include "props/core_subject.hpp"

namespace edgecase {

template <Kernel K>
CoreSubject<K>::CoreSubject(K& kernel, SubjectHost& host)
    : kernel_(kernel), host_(host), log_(LogLevel::info, LogSink{&write_log, this}) {
    for (unsigned number = 0; number < k_max_tasks; ++number) {
        tasks_[number].run = &handle_notify;
        tasks_[number].subject = this;
        tasks_[number].number = number;
    }
}

template <Kernel K> void CoreSubject<K>::reset(const Config& config) {
    options_ = core_options(config);
    if (given_options_) {
        options_ = *given_options_;
        options_.worker_connections = std::min(options_.worker_connections, config.worker_connections);
    }
    first_generation_ = config.first_generation;
    tables_made_ = false;
    transports_.assign(config.worker_connections, Transport::file);
    for (const unsigned file : files_used_) {
        files_[file] = File{};
    }
    files_used_.clear();
    listeners_.assign(config.worker_connections, Listener{});
    opening_ = nullptr;
    echo_.reset(config);
    reactor_ = ::new (static_cast<void*>(storage_.data())) Reactor<K>(kernel_, log_);
    if (options_.accept_mutex) {
        reactor_->use_accept_mutex(
            {[](void* self) { return static_cast<CoreSubject*>(self)->host_.try_accept_mutex(); },
             [](void* self) { static_cast<CoreSubject*>(self)->host_.unlock_accept_mutex(); }, this});
    }
}

template <Kernel K> Outcome CoreSubject<K>::init(std::uint32_t epoll_events) {
    Options options = options_;
    if (epoll_events != 0) {
        options.epoll_events = epoll_events;
    }
    const Status status = reactor_->init(options);
    if (status == Status::ok && !tables_made_ && first_generation_ != 0) {
        for (Connection& connection : reactor_->connections()) {
            if (connection.fd == -1) {
                connection.generation = first_generation_;
            }
        }
    }
    tables_made_ = tables_made_ || status == Status::ok;
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> void CoreSubject<K>::done() {
    reactor_->done();
}

template <Kernel K> void CoreSubject<K>::tear_down() {
    std::destroy_at(reactor_);
    reactor_ = nullptr;
}

template <Kernel K> int CoreSubject<K>::listen(int fd, std::uint8_t flags) {
    if (!tables_made_) {
        return -1;
    }
    const auto listener = std::find_if(listeners_.begin(), listeners_.end(), [this](const Listener& one) {
        return !one.is_open() && &one != opening_;
    });
    if (listener == listeners_.end()) {
        return -1;
    }
    listener->handler = &handle_accept;
    listener->data = this;
    listener->shared_by_none = (flags & k_flag_reuseport) != 0;
    listener->deferred_accept = (flags & k_flag_deferred) != 0;
    const Listener* const outer = std::exchange(opening_, &*listener);
    const Status status = reactor_->listen(*listener, fd); // to make room for it a handler may listen, too
    opening_ = outer;
    if (status != Status::ok) {
        return -1;
    }
    // The host hears of the handler's beginning and end.
    Event& event = listener->connection->read;
    accept_ = event.handler;
    event.handler = &handle_listener;
    return static_cast<int>(listener->connection->slot);
}

template <Kernel K> Outcome CoreSubject<K>::start_application() {
    return echo_.start(kernel_, *reactor_) == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> Outcome CoreSubject<K>::turn() {
    return reactor_->process_events_and_timers() == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> int CoreSubject<K>::take(int fd, Transport transport) {
    Connection* connection = tables_made_ ? reactor_->get_connection(fd) : nullptr;
    if (connection == nullptr) {
        return -1;
    }
    adopt(*connection, transport);
    connection->read.accept = transport == Transport::listener;
    return static_cast<int>(connection->slot);
}

template <Kernel K> void CoreSubject<K>::adopt(Connection& connection, Transport transport) {
    connection.data = this;
    connection.read.handler = &handle_read;
    connection.write.handler = &handle_write;
    transports_[connection.slot] = transport;
}

template <Kernel K> int CoreSubject<K>::dial(const InetAddress& address) {
    if (!tables_made_) {
        return -1;
    }
    const ConnectResult result = reactor_->connect_peer(address);
    if (result.connection == nullptr) {
        return -1;
    }
    adopt(*result.connection, Transport::stream);
    return static_cast<int>(result.connection->slot);
}

template <Kernel K> int CoreSubject<K>::connect_error(unsigned slot) {
    return reactor_->connect_error(at(slot));
}

template <Kernel K> void CoreSubject<K>::close(unsigned slot, bool shared) {
    if (shared) {
        reactor_->close_shared_connection(at(slot));
    } else {
        reactor_->close_connection(at(slot));
    }
}

// The calls go through the action table, as nginx's do.
template <Kernel K> Outcome CoreSubject<K>::add(unsigned slot, Side side, std::uint8_t flags) {
    const EventActions<K>& actions = reactor_->actions();
    Status status = Status::error;
    if (side == Side::connection) {
        status = (reactor_->*actions.add_connection)(at(slot));
    } else {
        Event& event = side == Side::read ? at(slot).read : at(slot).write;
        status = (reactor_->*actions.add)(event, (flags & k_flag_et) != 0 ? k_clear_event : k_level_event);
    }
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> Outcome CoreSubject<K>::del(unsigned slot, Side side, std::uint8_t flags) {
    std::uint32_t module_flags = 0;
    module_flags |= (flags & k_flag_et) != 0 ? k_clear_event : 0;
    module_flags |= (flags & k_flag_close) != 0 ? k_close_event : 0;
    module_flags |= (flags & k_flag_disable) != 0 ? k_disable_event : 0;
    module_flags |= (flags & k_flag_flush) != 0 ? k_flush_event : 0;
    const EventActions<K>& actions = reactor_->actions();
    Status status = Status::error;
    if (side == Side::connection) {
        status = (reactor_->*actions.del_connection)(at(slot), module_flags);
    } else {
        Event& event = side == Side::read ? at(slot).read : at(slot).write;
        const auto del = (flags & k_flag_disable) != 0 ? actions.disable : actions.del;
        status = (reactor_->*del)(event, module_flags);
    }
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> Outcome CoreSubject<K>::handle(unsigned slot, Half half) {
    const Status status =
        half == Half::read ? reactor_->handle_read_event(at(slot)) : reactor_->handle_write_event(at(slot));
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> Outcome CoreSubject<K>::notify(unsigned task) {
    const Status status = (reactor_->*reactor_->actions().notify)(tasks_[task]);
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> Outcome CoreSubject<K>::process(Msec timer, std::uint8_t flags) {
    unsigned module_flags = 0;
    module_flags |= (flags & k_flag_update) != 0 ? k_update_time : 0;
    module_flags |= (flags & k_flag_post) != 0 ? k_post_events : 0;
    const Status status = (reactor_->*reactor_->actions().process_events)(timer, module_flags);
    return status == Status::ok ? Outcome::ok : Outcome::error;
}

template <Kernel K> void CoreSubject<K>::run(Queue queue) {
    switch (queue) {
    case Queue::accepted: reactor_->run_posted_accept(); break;
    case Queue::posted: reactor_->run_posted(); break;
    case Queue::timers: reactor_->expire_timers(); break;
    }
}

template <Kernel K> void CoreSubject<K>::add_timer(unsigned slot, Half half, Msec after) {
    reactor_->add_timer(half_of(slot, half), after);
}

template <Kernel K> void CoreSubject<K>::del_timer(unsigned slot, Half half) {
    reactor_->del_timer(half_of(slot, half));
}

template <Kernel K> void CoreSubject<K>::post(unsigned slot, Half half) {
    reactor_->post(half_of(slot, half));
}

template <Kernel K> void CoreSubject<K>::unpost(unsigned slot, Half half) {
    reactor_->unpost(half_of(slot, half));
}

template <Kernel K> SysResult CoreSubject<K>::read(unsigned slot, void* buffer, std::size_t size) {
    Connection& connection = at(slot);
    switch (transports_[slot]) {
    case Transport::stream: return reactor_->recv(connection, buffer, size);
    case Transport::datagram: {
        // As ngx_udp_unix_recv(): a datagram of no bytes is no end, so nothing is said of how much was asked.
        const SysResult result = kernel_.recv(connection.fd, buffer, size, 0);
        reactor_->apply_read_result(connection.read, result, 0);
        return result;
    }
    case Transport::listener:
    case Transport::file: break;
    }
    const SysResult result = kernel_.read(connection.fd, buffer, size);
    reactor_->apply_read_result(connection.read, result, size);
    return result;
}

template <Kernel K> SysResult CoreSubject<K>::write(unsigned slot, const void* bytes, std::size_t size) {
    Connection& connection = at(slot);
    if (transports_[slot] == Transport::stream || transports_[slot] == Transport::datagram) {
        return reactor_->send(connection, bytes, size);
    }
    const SysResult result = kernel_.write(connection.fd, bytes, size);
    reactor_->apply_write_result(connection.write, result, size);
    return result;
}

template <Kernel K> SysResult CoreSubject<K>::writev(unsigned slot, std::span<const BytePiece> pieces) {
    return reactor_->writev(at(slot), pieces);
}

template <Kernel K>
FileRead CoreSubject<K>::read_file(unsigned file, int fd, void* buffer, std::size_t size,
                                   std::int64_t offset) {
    File& own = files_[file];
    if (own.subject == nullptr) {
        own.handler = &handle_file;
        own.subject = this;
        own.number = file;
        files_used_.push_back(file);
    }
    return reactor_->read_file(own, fd, buffer, size, offset);
}

template <Kernel K> FileView CoreSubject<K>::file_view(unsigned file) const {
    const File& own = files_[file];
    return FileView{own.active, own.ready, own.posted()};
}

template <Kernel K> bool CoreSubject<K>::aio_posted() const {
    return tables_made_ && at(reactor_->connections().connections() + k_aio_channel).read.posted();
}

template <Kernel K> void CoreSubject<K>::clear_timedout(unsigned slot, Half half) {
    half_of(slot, half).timedout = false;
}

template <Kernel K> bool CoreSubject<K>::can_notify() const {
    return reactor_->actions().notify != nullptr;
}

template <Kernel K> std::uint64_t CoreSubject<K>::notify_data() const {
    return tables_made_ ? at(reactor_->connections().connections()).epoll_data() : ~std::uint64_t{0};
}

template <Kernel K> bool CoreSubject<K>::notify_posted() const {
    return tables_made_ && at(reactor_->connections().connections()).read.posted();
}

template <Kernel K> SlotView CoreSubject<K>::view(unsigned slot) const {
    SlotView view;
    const Connection& connection = at(slot);
    view.fd = connection.fd;
    view.generation = connection.generation;
    const auto flags_of = [](const Event& event) {
        return static_cast<std::uint8_t>(
            event.active * unsigned{k_half_active} | event.ready * unsigned{k_half_ready} |
            event.posted() * unsigned{k_half_posted} | event.timer_set * unsigned{k_half_timer_set} |
            event.timedout * unsigned{k_half_timedout} | event.pending_eof * unsigned{k_half_end_is_near});
    };
    view.flags = {flags_of(connection.read), flags_of(connection.write)};
    view.timer_key = {connection.read.timer_key, connection.write.timer_key};
    view.reusable = connection.reusable;
    view.asked_to_close = connection.close;
    return view;
}

template <Kernel K> void CoreSubject<K>::describe(fake::StateDigest& state) const {
    if (!tables_made_) {
        return;
    }
    const auto describe_event = [&](const Event& event) {
        state.add(bool{event.active}, bool{event.ready}, event.posted(), bool{event.eof}, bool{event.error},
                  bool{event.pending_eof}, bool{event.timedout}, bool{event.timer_set});
        if (event.timer_set) {
            state.add(event.timer_key - now());
        }
    };
    for (const Connection& connection :
         reactor_->connections()) { // links: of the free slots, of the reusable ones
        state.add(connection.fd, connection.generation, connection.next, connection.previous,
                  bool{connection.reusable}, bool{connection.close}, bool{connection.idle});
        describe_event(connection.read);
        describe_event(connection.write);
    }
    for (const unsigned file : files_used_) {
        const FileView view = file_view(file);
        state.add(file, view.active, view.ready, view.posted);
    }
    state.add(can_notify(), notify_posted(), aio_posted());
}

template <Kernel K> Msec CoreSubject<K>::now() const {
    return reactor_->now();
}

template <Kernel K> void CoreSubject<K>::handle_read(Event& event) {
    static_cast<CoreSubject*>(event.connection->data)->host_.on_handler(event.connection->slot, Half::read);
}

template <Kernel K> void CoreSubject<K>::handle_write(Event& event) {
    static_cast<CoreSubject*>(event.connection->data)->host_.on_handler(event.connection->slot, Half::write);
}

template <Kernel K> void CoreSubject<K>::handle_listener(Event& event) {
    CoreSubject& self =
        *static_cast<CoreSubject*>(static_cast<const Listener*>(event.connection->data)->data);
    self.host_.on_listener(event.connection->slot);
    self.accept_(event);
    self.host_.on_listener_ended();
}

template <Kernel K> void CoreSubject<K>::handle_accept(Listener& listener, Connection& accepted) {
    CoreSubject& self = *static_cast<CoreSubject*>(listener.data);
    accepted.data = &self;
    accepted.read.handler = &handle_read;
    accepted.write.handler = &handle_write;
    self.transports_[accepted.slot] = Transport::stream;
    self.host_.on_accept(listener.connection == nullptr ? k_no_slot : listener.connection->slot,
                         accepted.slot);
}

template <Kernel K> void CoreSubject<K>::handle_notify(NotifyTask& task) {
    const Task& own = static_cast<const Task&>(task);
    own.subject->host_.on_notify(own.number);
}

template <Kernel K> void CoreSubject<K>::handle_file(Event& event) {
    const File& own = static_cast<const File&>(event);
    own.subject->host_.on_file(own.number);
}

template <Kernel K>
void CoreSubject<K>::write_log(void* context, LogLevel level, int error, std::string_view line) {
    static_cast<CoreSubject*>(context)->host_.on_log(level, error, line);
}

} // namespace edgecase
