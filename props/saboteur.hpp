// A subject that stands between the simulation and a sound reactor and does one thing wrong, so that one
// invariant must be found broken. For canaries only.
#pragma once

#include "fakekernel/model.hpp"
#include "props/subject.hpp"

namespace edgecase {

enum class Sabotage : std::uint8_t {
    none,
    claims_write_is_active,       // its view says so although nobody added it
    close_flag_makes_a_call,      // a delete with the close flag goes to the kernel all the same
    failed_add_sets_active,       // its view says active after an add that failed
    calls_handler_without_report, // a handler runs that no entry of the batch is for
    dispatches_inactive,          // its view says inactive while the scan runs
    swallows_handlers,            // a reported event's handler is not called
    swallows_write_handlers,      // the same for the write half only
    forgets_timers,               // due timers do not fire
    forgets_posted,               // posted events do not run
    swallows_notifies,            // a notify's handler is not called
    keeps_descriptors,            // a close does not close
    swallows_completions,         // a complete read's handler is not called
    writes_an_alert,              // without a reason
    uses_blocking_descriptors,    // O_NONBLOCK is taken off
    never_waits,                  // and says that all went well
    counts_its_runs,              // and writes the number into its log
    never_sleeps,                 // its turn polls and does nothing else
    turns_twice,                  // one turn is two
    forgets_its_listener,         // takes it out of epoll after a turn
    ignores_the_mutex,            // takes no for a yes
    loses_a_byte,                 // of each read
    forgets_who_is_kept,          // it stays reusable
    turns_in_a_handler,           // and so breaks a check of the reactor
    cuts_off_application,         // its write handlers are not called
};

class Saboteur final : public Subject, public SubjectHost {
public:
    Saboteur(Sabotage sabotage, SubjectHost& host, fake::Model& model)
        : sabotage_(sabotage), host_(host), model_(model) {}

    // The sound subject, whose host this is. Once, before the first run.
    void stand_before(Subject& inner) { inner_ = &inner; }

    void reset(const Config& config) override;
    void use_options(const Options& options) override { inner_->use_options(options); }
    Outcome init(std::uint32_t epoll_events) override { return inner_->init(epoll_events); }
    void done() override { inner_->done(); }
    void tear_down() override { inner_->tear_down(); }
    int listen(int fd, std::uint8_t flags) override { return inner_->listen(fd, flags); }
    Outcome turn() override;
    Outcome start_application() override { return inner_->start_application(); }
    void serve(unsigned slot) override { inner_->serve(slot); }
    void run_handler(unsigned slot, Half half) override;
    void end_application() override { inner_->end_application(); }
    int take(int fd, Transport transport) override;
    void close(unsigned slot, bool shared) override;
    Outcome add(unsigned slot, Side side, std::uint8_t flags) override;
    Outcome del(unsigned slot, Side side, std::uint8_t flags) override;
    Outcome handle(unsigned slot, Half half) override { return inner_->handle(slot, half); }
    Outcome notify(unsigned task) override { return inner_->notify(task); }
    Outcome process(Msec timer, std::uint8_t flags) override;
    void run(Queue queue) override;
    void add_timer(unsigned slot, Half half, Msec after) override { inner_->add_timer(slot, half, after); }
    void del_timer(unsigned slot, Half half) override { inner_->del_timer(slot, half); }
    void post(unsigned slot, Half half) override { inner_->post(slot, half); }
    void unpost(unsigned slot, Half half) override { inner_->unpost(slot, half); }
    void make_reusable(unsigned slot) override { inner_->make_reusable(slot); }
    void keep(unsigned slot) override;
    SysResult read(unsigned slot, void* buffer, std::size_t size) override;
    SysResult write(unsigned slot, const void* bytes, std::size_t size) override {
        return inner_->write(slot, bytes, size);
    }
    SysResult writev(unsigned slot, std::span<const BytePiece> pieces) override {
        return inner_->writev(slot, pieces);
    }
    FileRead read_file(unsigned file, int fd, void* buffer, std::size_t size, std::int64_t offset) override {
        return inner_->read_file(file, fd, buffer, size, offset);
    }
    [[nodiscard]] FileView file_view(unsigned file) const override { return inner_->file_view(file); }
    [[nodiscard]] bool aio_posted() const override { return inner_->aio_posted(); }
    int dial(const InetAddress& address) override { return inner_->dial(address); }
    int connect_error(unsigned slot) override { return inner_->connect_error(slot); }
    void clear_timedout(unsigned slot, Half half) override { inner_->clear_timedout(slot, half); }
    [[nodiscard]] bool can_notify() const override { return inner_->can_notify(); }
    [[nodiscard]] std::uint64_t notify_data() const override { return inner_->notify_data(); }
    [[nodiscard]] bool notify_posted() const override { return inner_->notify_posted(); }
    [[nodiscard]] SlotView view(unsigned slot) const override;
    void describe(fake::StateDigest& state) const override { inner_->describe(state); }
    [[nodiscard]] Msec now() const override { return inner_->now(); }

    void on_handler(unsigned slot, Half half) override;
    void on_notify(unsigned task) override;
    void on_file(unsigned file) override;
    void on_listener(unsigned slot) override { host_.on_listener(slot); }
    void on_accept(unsigned listener_slot, unsigned slot) override { host_.on_accept(listener_slot, slot); }
    void on_listener_ended() override { host_.on_listener_ended(); }
    bool try_accept_mutex() override {
        return host_.try_accept_mutex() || sabotage_ == Sabotage::ignores_the_mutex;
    }
    void unlock_accept_mutex() override { host_.unlock_accept_mutex(); }
    void on_log(LogLevel level, int error, std::string_view line) override {
        host_.on_log(level, error, line);
    }

private:
    Sabotage sabotage_;
    SubjectHost& host_;
    fake::Model& model_;
    Subject* inner_ = nullptr;
    bool processing_ = false;
    bool add_failed_ = false;
    unsigned runs_ = 0;
};

} // namespace edgecase
