// core/'s reactor as a subject, on any kernel of the seam. Instantiated once a kernel: subject_core.cpp (the
// model), subject_linux.cpp (the real one).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/reactor.hpp"
#include "props/hosted_echo.hpp"
#include "props/subject.hpp"

namespace edgecase {

template <Kernel K> class CoreSubject final : public Subject {
public:
    CoreSubject(K& kernel, SubjectHost& host);

    void reset(const Config& config) override;
    void use_options(const Options& options) override { given_options_ = options; }
    Outcome init(std::uint32_t epoll_events) override;
    void done() override;
    void tear_down() override;
    int listen(int fd, std::uint8_t flags) override;
    Outcome turn() override;
    Outcome start_application() override;
    void serve(unsigned slot) override { echo_.serve(at(slot)); }
    void run_handler(unsigned slot, Half half) override { echo_.handle(half_of(slot, half)); }
    void end_application() override { echo_.end(); }
    int take(int fd, Transport transport) override;
    void close(unsigned slot, bool shared) override;
    Outcome add(unsigned slot, Side side, std::uint8_t flags) override;
    Outcome del(unsigned slot, Side side, std::uint8_t flags) override;
    Outcome handle(unsigned slot, Half half) override;
    Outcome notify(unsigned task) override;
    Outcome process(Msec timer, std::uint8_t flags) override;
    void run(Queue queue) override;
    void add_timer(unsigned slot, Half half, Msec after) override;
    void del_timer(unsigned slot, Half half) override;
    void post(unsigned slot, Half half) override;
    void unpost(unsigned slot, Half half) override;
    void make_reusable(unsigned slot) override { reactor_->make_reusable(at(slot)); }
    void keep(unsigned slot) override { reactor_->keep_connection(at(slot)); }
    SysResult read(unsigned slot, void* buffer, std::size_t size) override;
    SysResult write(unsigned slot, const void* bytes, std::size_t size) override;
    SysResult writev(unsigned slot, std::span<const BytePiece> pieces) override;
    FileRead read_file(unsigned file, int fd, void* buffer, std::size_t size, std::int64_t offset) override;
    [[nodiscard]] FileView file_view(unsigned file) const override;
    [[nodiscard]] bool aio_posted() const override;
    int dial(const InetAddress& address) override;
    int connect_error(unsigned slot) override;
    void clear_timedout(unsigned slot, Half half) override;
    [[nodiscard]] bool can_notify() const override;
    [[nodiscard]] std::uint64_t notify_data() const override;
    [[nodiscard]] bool notify_posted() const override;
    [[nodiscard]] SlotView view(unsigned slot) const override;
    void describe(fake::StateDigest& state) const override;
    [[nodiscard]] Msec now() const override;

private:
    struct Task : NotifyTask {
        CoreSubject* subject = nullptr;
        unsigned number = 0;
    };

    struct File : FileAio {
        CoreSubject* subject = nullptr;
        unsigned number = 0;
    };

    void adopt(Connection& connection, Transport transport);
    static void handle_read(Event& event);
    static void handle_write(Event& event);
    static void handle_notify(NotifyTask& task);
    static void handle_file(Event& event);
    static void handle_listener(Event& event);
    static void handle_accept(Listener& listener, Connection& accepted);
    static void write_log(void* context, LogLevel level, int error, std::string_view line);
    [[nodiscard]] Connection& at(unsigned slot) { return reactor_->connections().at(slot); }
    [[nodiscard]] const Connection& at(unsigned slot) const { return reactor_->connections().at(slot); }
    [[nodiscard]] Event& half_of(unsigned slot, Half half) {
        return half == Half::read ? at(slot).read : at(slot).write;
    }

    K& kernel_;
    SubjectHost& host_;
    Log log_;
    Options options_;
    std::optional<Options> given_options_;
    std::uint32_t first_generation_ = 0;
    bool tables_made_ = false;
    std::array<Task, k_max_tasks> tasks_;
    std::array<File, k_max_names> files_;
    std::vector<unsigned> files_used_;
    std::vector<Transport> transports_; // by slot
    std::vector<Listener> listeners_;   // as many as could be open
    const Listener* opening_ = nullptr; // taken for the listen under way, and not open yet
    EventHandler accept_ = nullptr;     // the reactor's handler of a listener's read event
    HostedEcho<K> echo_;

    // The reactor lives here from reset to tear_down. A run that was cut short (a violation, the budget)
    // never tears it down: it owns nothing but memory of the kernel, which takes it back, and its frames may
    // be half way through.
    alignas(Reactor<K>) std::array<std::byte, sizeof(Reactor<K>)> storage_;
    Reactor<K>* reactor_ = nullptr;
};

} // namespace edgecase
