// The table of the scenario language. To add a kind of step: one value in StepKind (scenario.hpp), one row in
// k_shapes, one line in corpus/FORMAT.md (a test asks for it), and what it does in the simulation.
#include "props/scenario_language.hpp"

#include <charconv>

#include "core/epoll_abi.hpp"

namespace edgecase {
namespace {

using Words = std::span<const std::string_view>;
using fake::Call;

// Numbers.

constexpr std::uint64_t k_max_bytes = 1'048'576;
constexpr std::uint64_t k_day_ms = 86'400'000;
constexpr std::uint64_t k_max_ms = 0xffffffff; // 50 days: more than epoll_wait's timeout can say
constexpr std::uint64_t k_max_u32 = 0xffffffff;

constexpr std::uint64_t f_sent[] = {1,    5,      64,      2,         8, 4096, 3,   100,
                                    1000, 65'536, 212'992, 1'048'576, 7, 16,   512, 5000};
constexpr std::uint64_t f_all[] = {0, 1, 5, 64, 2, 4096, 3, 4, 8, 100, 65'536};
constexpr std::uint64_t f_written[] = {1, 5, 64, 10, 4096, 0, 2, 8, 100, 1000, 65'536, 1'048'576, 300'000};
constexpr std::uint64_t f_moved[] = {1, 0, 2, 3, 4, 5, 7, 8, 64};
constexpr std::uint64_t f_ms[] = {0, 1, 10, 100, 300, 500, 301, 50, 1000, 5, 299, 60'000};
constexpr std::uint64_t f_wait[] = {0,   k_infinite, 0,   100,        1,  k_infinite, 10,
                                    500, 0,          300, k_infinite, 50, 1000};
constexpr std::uint64_t f_count[] = {1, 2, 1, 3, 1, 4, 1, 2, 5, 1, 2, 3, 6, 8, 10, 7};
constexpr std::uint64_t f_times[] = {1, 1, 0, 2, 1, 3, 1, 16, 17, 4};
constexpr std::uint64_t f_task[] = {1, 2, 1, 3, 1, 4, 2, 5, 6, 7, 8, 9};
constexpr std::uint64_t f_worker[] = {1, 1, 2, 1, 3};
constexpr std::uint64_t f_poster[] = {1, 2, 1, 3, 1, 4};
constexpr std::uint64_t f_seed[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::uint64_t f_at_most[] = {1, 2, 3, 4, 8, 512};
constexpr std::uint64_t f_pieces[] = {2, 1, 3, 64, 5, 10, 63};
constexpr std::uint64_t f_back[] = {0, 1, 2};
constexpr std::uint64_t f_data[] = {0,          ~std::uint64_t{0}, 1,           2,          3,
                                    0xdeadbeef, 0x100000000,       0x100000001, 0x1ffffffff};
constexpr std::uint64_t f_epoll_events[] = {32, 1, 2, 3, 4, 8, 512};
constexpr std::uint64_t f_connections[] = {16, 2, 3, 4, 5, 6, 8, 12, 32};
constexpr std::uint64_t f_generation[] = {0, 0xfffffffe, 0xffffffff, 1, 0x7fffffff, 0x80000000, 0xfffffffd};
constexpr std::uint64_t f_rewind[] = {0xffffffff, 1, 2, 3, 4, 8};
constexpr std::uint64_t f_unix_buffer[] = {212'992, 4608, 1, 2304, 16'384};
constexpr std::uint64_t f_tcp_buffer[] = {65'536, 4096, 1, 1024, 16'384};
constexpr std::uint64_t f_aio_requests[] = {0, 32, 1, 2, 4, 32, 8, 16, 80};
constexpr std::uint64_t f_file_bytes[] = {10'000, 0, 1, 100, 4096};
constexpr std::uint64_t f_offset[] = {0, 100, 4096, 9'999, 10'000, 5000, 1, 0xffffffff};
constexpr std::uint64_t f_file_read[] = {100, 1, 4096, 10'000, 0, 65'536, 512};
constexpr std::uint64_t f_completed[] = {k_infinite, k_infinite, 1, 0, 50, 100, 4096};
constexpr std::uint64_t f_budget[] = {10'000, 500, 1000, 2000};
constexpr std::uint64_t f_backlog[] = {128, 0, 1, 2};
constexpr std::uint64_t f_switch[] = {0, 1, 1};
constexpr std::uint64_t f_delay[] = {500, 1, 10, 100, 1000};
constexpr std::uint64_t f_resolution[] = {0, 100, 10, 1, 500};
constexpr std::uint64_t f_echo_buffer[] = {0, 0, 1, 16, 1000};
constexpr std::uint64_t f_echo_idle[] = {60'000, 500, 10, 1000};

constexpr Number k_sent = {"BYTES", 0, k_max_bytes, f_sent};
constexpr Number k_bytes_or_all = {"BYTES", 1, k_max_bytes, f_all, "", "all", 0};
constexpr Number k_written = {"BYTES", 0, k_max_bytes, f_written};
constexpr Number k_moved = {"BYTES", 0, k_max_bytes, f_moved};
constexpr Number k_ms = {"TIME", 0, k_max_ms, f_ms, "ms"};
constexpr Number k_wait_ms = {"TIME", 0, k_max_ms, f_wait, "ms", "infinite", k_infinite};
constexpr Number k_nth = {"N", 1, 255, f_count};
constexpr Number k_times = {"N", 1, 255, f_times, "", "always", 0};
constexpr Number k_task = {"TASK", 1, k_max_tasks - 1, f_task};
constexpr Number k_worker = {"WORKER", 1, k_max_workers, f_worker};
constexpr Number k_poster = {"POSTER", 1, k_max_posters, f_poster};
constexpr Number k_seed = {"SEED", 0, k_max_u32, f_seed};
constexpr Number k_at_most = {"N", 1, 1024, f_at_most};
constexpr Number k_pieces = {"PIECES", 1, 64, f_pieces};
constexpr Number k_back = {"BACK", 0, 255, f_back};
constexpr Number k_data = {"DATA", 0, ~std::uint64_t{0}, f_data, "", "", 0, Radix::hex};
// No more slots than there are names, and lists to match: a table that nobody fills would cost more than the run.
constexpr Number k_epoll_events = {"N", 1, 1024, f_epoll_events};
constexpr Number k_worker_connections = {"N", 2, 256, f_connections};
constexpr Number k_generation = {"N", 0, k_max_u32, f_generation};
constexpr Number k_rewind = {"N", 1, k_max_u32, f_rewind};
constexpr Number k_unix_buffer = {"BYTES", 1, 16'777'216, f_unix_buffer};
constexpr Number k_tcp_buffer = {"BYTES", 1, 16'777'216, f_tcp_buffer};
constexpr Number k_aio_requests = {"N", 0, 1024, f_aio_requests};
constexpr Number k_file_bytes = {"BYTES", 0, k_max_bytes, f_file_bytes};
constexpr Number k_offset = {"OFFSET", 0, k_max_u32, f_offset};
constexpr Number k_file_read = {"BYTES", 0, 65'536, f_file_read};
constexpr Number k_completed = {"BYTES", 0, 65'536, f_completed, "", "all", k_infinite};
constexpr Number k_budget = {"N", 1, 10'000'000, f_budget};
constexpr Number k_backlog = {"N", 0, 4096, f_backlog};
constexpr Number k_switch = {"N", 0, 1, f_switch};
constexpr Number k_delay = {"TIME", 1, k_day_ms, f_delay, "ms"};
constexpr Number k_resolution = {"TIME", 0, k_day_ms, f_resolution, "ms"};
constexpr Number k_echo_buffer = {"BYTES", 0, 65'536, f_echo_buffer};
constexpr Number k_echo_idle = {"TIME", 1, k_day_ms, f_echo_idle, "ms"};

// Words of choices, in the order of their enums, and of flags, in the order of their bits.

constexpr std::string_view w_object[] = {"unix",  "tcp", "pipe_read", "pipe_write", "eventfd", "listener",
                                         "fresh", "udp", "timerfd",   "signalfd",   "file",    "disk"};
constexpr std::string_view w_outcome[] = {"accepted", "refused", "dropped"};
constexpr std::string_view w_shut[] = {"read", "write", "both"};
constexpr std::string_view w_arming[] = {"once", "every"};
constexpr std::string_view w_order[] = {"reverse", "shuffle"};
constexpr std::string_view w_side[] = {"read", "write", "connection"};
constexpr std::string_view w_half[] = {"read", "write"};
constexpr std::string_view w_handler[] = {"read", "write", "aio"};
constexpr std::string_view w_queue[] = {"accepted", "posted", "timers"};
constexpr std::string_view w_target[] = {"name", "notify", "data"};
constexpr std::string_view w_worker[] = {"start", "run", "step", "exit"};
constexpr std::string_view w_mutex[] = {"taken", "free"};
constexpr std::string_view w_add_flags[] = {"et"};
constexpr std::string_view w_del_flags[] = {"et", "close", "disable", "flush"};
constexpr std::string_view w_process_flags[] = {"update", "post"};
constexpr std::string_view w_listen_flags[] = {"reuseport", "deferred"};
static_assert(1U << 3 == k_flag_flush && 1U << 1 == k_flag_post);

// Parts of a line.

constexpr Element word(std::string_view text) {
    Element element;
    element.text = text;
    return element;
}

constexpr Element plain(ElementKind kind) {
    Element element;
    element.kind = kind;
    return element;
}

constexpr Element name(std::string_view noun = "NAME", Field field = Field::name) {
    Element element = plain(ElementKind::name);
    element.text = noun;
    element.field = field;
    return element;
}

constexpr Element number(const Number& number, Field field = Field::value, std::uint8_t only_with = 0xff) {
    Element element = plain(ElementKind::number);
    element.number = &number;
    element.field = field;
    element.only_with = only_with;
    return element;
}

constexpr Element nth() {
    return number(k_nth, Field::count);
}

constexpr Element poster() {
    return number(k_poster, Field::count);
}

constexpr Element choice(Words words) {
    Element element = plain(ElementKind::choice);
    element.words = words;
    return element;
}

constexpr Element flags(Words words, std::array<std::uint8_t, 3> allowed) {
    Element element = plain(ElementKind::flags);
    element.words = words;
    element.flags_for = allowed;
    return element;
}

constexpr std::uint32_t bit(Call call) {
    return 1U << static_cast<unsigned>(call);
}

static_assert(fake::k_calls < 32);
constexpr std::uint32_t k_every_call = (1U << fake::k_calls) - 1;
constexpr std::uint32_t k_system_calls = k_every_call & ~bit(Call::allocate);
constexpr std::uint32_t k_moving_calls = bit(Call::read) | bit(Call::write) | bit(Call::recv) |
                                         bit(Call::send) | bit(Call::sendmsg) | bit(Call::pread);
constexpr std::uint32_t k_sleeping_calls = bit(Call::epoll_wait);

constexpr Element call(std::uint32_t calls) {
    Element element = plain(ElementKind::call);
    element.calls = calls;
    return element;
}

constexpr Element times() {
    Element element = plain(ElementKind::times);
    element.number = &k_times;
    return element;
}

constexpr Element target() {
    Element element = plain(ElementKind::target);
    element.number = &k_data;
    element.words = w_target;
    return element;
}

template <typename... Elements> constexpr Pattern line(Elements... elements) {
    return Pattern{{{elements...}}, sizeof...(elements)};
}

constexpr std::uint16_t fields_of(const Element& element) {
    const auto set = [](auto... fields) {
        return static_cast<std::uint16_t>((0U | ... | static_cast<unsigned>(fields)));
    };
    switch (element.kind) {
    case ElementKind::name:
    case ElementKind::number: return set(element.field);
    case ElementKind::choice: return set(Field::choice);
    case ElementKind::flags: return set(Field::flags);
    case ElementKind::call: return set(Field::call);
    case ElementKind::error: return set(Field::error);
    case ElementKind::times: return set(Field::value);
    case ElementKind::mask: return set(Field::mask);
    case ElementKind::target: return set(Field::choice, Field::name, Field::back, Field::value);
    case ElementKind::word:
    case ElementKind::actions:
    case ElementKind::entries:
    case ElementKind::step: return 0;
    }
    return 0;
}

constexpr Shape shape(StepKind kind, Family family, Places places, std::uint8_t weight, Pattern pattern,
                      std::string_view example, std::string_view meaning) {
    Shape made{kind, family, places, weight, pattern, example, meaning, 0};
    for (const Element& element : pattern)
        made.fields = static_cast<std::uint16_t>(made.fields | fields_of(element));
    return made;
}

constexpr Places k_anywhere = k_at_top | k_in_reaction | k_at_place;
constexpr Places k_top_or_reaction = k_at_top | k_in_reaction; // also: what needs the subject awake

using K = StepKind;
using F = Family;
using E = ElementKind;

// clang-format off
constexpr std::array<Shape, k_step_kinds> k_shapes = {{
    // World.
    shape(K::open, F::world, k_top_or_reaction, 22, line(word("open"), name(), choice(w_object)),
          "open a unix", "a new connection; the subject is given its end, the peer keeps the other"),
    shape(K::connect, F::world, k_top_or_reaction, 3, line(word("connect"), name(), choice(w_outcome)),
          "connect a accepted", "the subject calls connect() on a fresh socket; this is what comes of it"),
    shape(K::client, F::world, k_anywhere, 9,
          line(word("client"), name(), word("to"), name("LISTENER", Field::value)),
          "client b to a", "a client connects to the listener; the connection that is accepted for it is NAME"),
    shape(K::peer_send, F::world, k_anywhere, 26, line(word("peer"), name(), word("send"), number(k_sent)),
          "peer a send 5", "the peer sends that many bytes (eventfd: adds that number; udp: one datagram)"),
    shape(K::peer_recv, F::world, k_anywhere, 6,
          line(word("peer"), name(), word("recv"), number(k_bytes_or_all)),
          "peer a recv all",
          "the peer takes that many bytes, or all there is (eventfd: reads it; udp: of one datagram, or all of them)"),
    shape(K::peer_shutdown, F::world, k_anywhere, 6,
          line(word("peer"), name(), word("shutdown"), choice(w_shut)),
          "peer a shutdown write", "the peer calls shutdown() for that direction of its own end"),
    shape(K::peer_close, F::world, k_anywhere, 7, line(word("peer"), name(), word("close")),
          "peer a close", "the peer closes its end"),
    shape(K::peer_reset, F::world, k_anywhere, 5, line(word("peer"), name(), word("reset")),
          "peer a reset", "the peer resets a TCP connection (anything else: it closes)"),
    shape(K::peer_connect, F::world, k_anywhere, 5, line(word("peer"), name(), word("connect")),
          "peer a connect", "one more client connects to the listener"),
    shape(K::dup, F::world, k_top_or_reaction, 2, line(word("dup"), name()),
          "dup a", "another descriptor of the subject now refers to the same open file description"),
    shape(K::undup, F::world, k_top_or_reaction, 1, line(word("undup"), name()),
          "undup a", "that descriptor is closed"),
    shape(K::shutdown, F::world, k_top_or_reaction, 2, line(word("shutdown"), name(), choice(w_shut)),
          "shutdown a write", "the subject calls shutdown() for that direction of its own end"),
    shape(K::fork, F::world, k_top_or_reaction, 2, line(word("fork")),
          "fork", "a child process with copies of every descriptor of the subject"),
    shape(K::child_exit, F::world, k_anywhere, 1, line(word("child"), word("exit")),
          "child exit", "the latest child is gone, and its descriptors with it"),
    shape(K::time, F::world, k_anywhere, 6, line(word("time"), number(k_ms)),
          "time 500ms", "that much time passes"),
    shape(K::signal, F::world, k_anywhere, 2, line(word("signal")),
          "signal", "a signal whose handler does nothing: it ends a sleep with EINTR"),
    shape(K::alarm, F::world, k_anywhere, 2, line(word("alarm")),
          "alarm", "the interval timer's signal"),
    shape(K::arm, F::world, k_top_or_reaction, 3,
          line(word("arm"), name(), choice(w_arming), number(k_ms)),
          "arm a once 50ms",
          "the subject sets its timerfd: it expires in that much time, or again and again; 0ms stops it"),
    shape(K::raise, F::world, k_anywhere, 3, line(word("raise")),
          "raise", "the signal that signalfds take is sent to the subject's process"),
    shape(K::icmp, F::world, k_anywhere, 2, line(word("icmp"), name()),
          "icmp a", "a UDP socket is told that nobody has the port to which it sends"),
    shape(K::complete, F::world, k_anywhere, 4, line(word("complete"), name(), number(k_completed)),
          "complete a all", "the read in flight of a file on a disk completes, with no more bytes than these"),
    shape(K::complete_fails, F::world, k_anywhere, 1,
          line(word("complete"), name(), word("fails"), plain(E::error)),
          "complete a fails EIO", "it completes with that error"),
    shape(K::spurious, F::world, k_anywhere, 2, line(word("spurious"), name()),
          "spurious a", "its waiters are woken without a reason"),
    shape(K::poster_notify, F::world, k_anywhere, 4,
          line(word("poster"), poster(), word("notify"), number(k_task)),
          "poster 1 notify 3", "another thread calls notify() with that task, and stops before its first system call"),
    shape(K::poster_step, F::world, k_anywhere, 7, line(word("poster"), poster(), word("step")),
          "poster 1 step", "it goes on to its next stop: inside that system call, before the next one, or its end"),
    shape(K::poster_finish, F::world, k_anywhere, 3, line(word("poster"), poster(), word("finish")),
          "poster 1 finish", "it goes on until its notify() has returned"),
    shape(K::worker, F::world, k_anywhere, 5,
          line(word("worker"), number(k_worker, Field::count), choice(w_worker)),
          "worker 1 start", "another process that shares the listeners begins, goes on until it sleeps or to its next stop, dies"),
    shape(K::mutex, F::world, k_anywhere, 1, line(word("mutex"), choice(w_mutex)),
          "mutex taken", "another worker takes the accept mutex, or gives it back"),
    // Script.
    shape(K::fail, F::script, k_at_top, 9,
          line(word("fail"), call(k_every_call), nth(), plain(E::error), times()),
          "fail recv 2 ECONNRESET times 3",
          "the N-th such call from here fails, and so do the ones behind it as often as is said (once)"),
    shape(K::worker_fail, F::script, k_at_top, 2,
          line(word("worker"), number(k_worker, Field::back), word("fail"), call(k_every_call), nth(), plain(E::error),
               times()),
          "worker 1 fail accept4 1 EMFILE times 3", "the same of the system calls of that worker"),
    shape(K::shorten, F::script, k_at_top, 5,
          line(word("short"), call(k_moving_calls), nth(), number(k_moved)),
          "short read 1 3", "the N-th such call from here moves or answers no more than this many bytes"),
    shape(K::wait_gives, F::script, k_at_top, 9, line(word("wait"), word("gives"), plain(E::entries)),
          "wait gives a IN|OUT, b~1 IN, notify IN, data 0xdeadbeef IN|0x4000",
          "the next wait's whole result; it takes nothing off the ready list"),
    shape(K::wait_entry, F::script, k_in_wait, 1, line(target(), plain(E::mask)),
          "b~1 IN|OUT",
          "one entry of `wait gives`: data of a connection (~1: one generation back), of the notify channel, or "
          "any"),
    shape(K::wait_order, F::script, k_at_top, 3,
          line(word("wait"), word("order"), choice(w_order), number(k_seed, Field::value, 2)),
          "wait order shuffle 7",
          "the next wait harvests its ready list in that order; shuffle takes a seed"),
    shape(K::wait_at_most, F::script, k_at_top, 3, line(word("wait"), word("at_most"), number(k_at_most)),
          "wait at_most 2", "the next wait reports no more events than this"),
    shape(K::before, F::script, k_at_top, 8,
          line(word("before"), call(k_system_calls), nth(), word(":"), plain(E::step)),
          "before recv 2: peer a reset", "right before the N-th such call from here, that step happens"),
    shape(K::during, F::script, k_at_top, 4,
          line(word("during"), call(k_sleeping_calls), nth(), word(":"), plain(E::step)),
          "during epoll_wait 1: alarm", "while the N-th such call from here sleeps, that step happens"),
    shape(K::heal, F::script, k_at_top, 1, line(word("heal")),
          "heal", "what the lines of this kind above have still to come is dropped"),
    // Module.
    shape(K::add, F::module, k_top_or_reaction, 26,
          line(word("add"), name(), choice(w_side), flags(w_add_flags, {k_flag_et, k_flag_et, 0})),
          "add a read et",
          "add_event (level-triggered unless et), or add_connection (always edge-triggered)"),
    shape(K::del, F::module, k_top_or_reaction, 10,
          line(word("del"), name(), choice(w_side), flags(w_del_flags, {15, 15, k_flag_close})),
          "del a read close",
          "del_event or del_connection with these flags; close: the descriptor is about to go"),
    shape(K::handle, F::module, k_top_or_reaction, 5, line(word("handle"), name(), choice(w_half)),
          "handle a read", "handle_read_event or handle_write_event: whoever is not ready waits for more"),
    shape(K::close, F::module, k_top_or_reaction, 7, line(word("close"), name()),
          "close a", "the subject closes the connection; the name is dead from here on"),
    shape(K::close_shared, F::module, k_top_or_reaction, 2, line(word("close"), name(), word("shared")),
          "close a shared", "the same for a descriptor with copies: it is deleted from epoll first"),
    shape(K::notify, F::module, k_top_or_reaction, 4, line(word("notify"), number(k_task)),
          "notify 1", "notify() with the handler of that task"),
    shape(K::process, F::module, k_at_top, 32,
          line(word("process"), number(k_wait_ms), flags(w_process_flags, {3, 3, 3})),
          "process 100ms update post", "process_events with that timer and these flags"),
    shape(K::run, F::module, k_at_top, 5, line(word("run"), choice(w_queue)),
          "run posted", "runs the accept queue, the normal queue, or the timers that are due"),
    shape(K::timer, F::module, k_top_or_reaction, 4,
          line(word("timer"), name(), word("."), choice(w_half), number(k_ms)),
          "timer a.read 500ms", "adds the timer of that event"),
    shape(K::untimer, F::module, k_top_or_reaction, 2,
          line(word("untimer"), name(), word("."), choice(w_half)),
          "untimer a.write", "deletes it"),
    shape(K::post, F::module, k_top_or_reaction, 3, line(word("post"), name(), word("."), choice(w_half)),
          "post a.read", "posts that event to its queue: the accept queue for a listener's read event"),
    shape(K::unpost, F::module, k_top_or_reaction, 2, line(word("unpost"), name(), word("."), choice(w_half)),
          "unpost a.read", "takes it off its queue"),
    shape(K::reusable, F::module, k_top_or_reaction, 3, line(word("reusable"), name()),
          "reusable a", "it may be closed from now on when connections run out; its read handler is then asked to"),
    shape(K::keep, F::module, k_top_or_reaction, 1, line(word("keep"), name()), "keep a", "it may not"),
    shape(K::read_file, F::module, k_top_or_reaction, 6,
          line(word("aio"), name(), number(k_offset, Field::mask), number(k_file_read)),
          "aio a 4096 100", "reads a file at that place, through AIO if the reactor has it; or collects what came of it"),
    shape(K::read, F::module, k_top_or_reaction, 6, line(word("read"), name(), number(k_bytes_or_all)),
          "read a 5", "reads that many bytes, or until EAGAIN or the end"),
    shape(K::write, F::module, k_top_or_reaction, 6, line(word("write"), name(), number(k_written)),
          "write a 10", "writes that many bytes"),
    shape(K::writev, F::module, k_top_or_reaction, 4,
          line(word("writev"), name(), number(k_written), number(k_pieces, Field::count)),
          "writev a 100 3", "writes that many bytes to a socket at once, from that many pieces"),
    shape(K::dial, F::module, k_top_or_reaction, 5, line(word("dial"), name(), choice(w_outcome)),
          "dial a accepted", "connect_peer: a connection of the reactor's making; this is what comes of it"),
    shape(K::outcome, F::module, k_top_or_reaction, 2, line(word("outcome"), name()),
          "outcome a", "asks the socket what came of its connect, which tells it once"),
    // Server.
    shape(K::listen, F::server, k_top_or_reaction, 6, line(word("listen"), name(), flags(w_listen_flags, {3, 3, 3})),
          "listen a",
          "the reactor accepts from a new listening socket; reuseport: which is its own alone; deferred: clients come with "
          "their first bytes"),
    shape(K::turn, F::server, k_at_top, 16, line(word("turn")),
          "turn", "one process_events_and_timers"),
    shape(K::run_idle, F::server, k_at_top, 4, line(word("run"), word("idle")),
          "run idle", "turns, until the wait of one would let time pass"),
    // Life.
    shape(K::init, F::life, k_at_top, 2, line(word("init")),
          "init", "the module's init"),
    shape(K::init_with, F::life, k_at_top, 2, line(word("init"), word("events"), number(k_epoll_events)),
          "init events 64", "the same with another epoll_events than the configuration's"),
    shape(K::done, F::life, k_at_top, 2, line(word("done")),
          "done", "the module's done; nothing starts it again but `init`"),
    // Reactions.
    shape(K::on, F::reaction, k_at_top, 20,
          line(word("on"), name(), word("."), choice(w_handler), word(":"), plain(E::actions)),
          "on a.read: read a all; close b", "what the event's handler does at its next call"),
    shape(K::on_notify, F::reaction, k_at_top, 3,
          line(word("on"), word("notify"), number(k_task), word(":"), plain(E::actions)),
          "on notify 3: peer a send 5; notify 3", "what that task's handler does at its next call"),
    shape(K::on_accept, F::reaction, k_at_top, 5,
          line(word("on"), name("LISTENER"), word("."), word("accept"), word(":"), plain(E::actions)),
          "on a.accept: add b connection", "what is done with the next connection that it accepts"),
}};

constexpr ConfigLine k_config_lines[] = {
    {"epoll_events", &k_epoll_events, &Config::epoll_events, nullptr,
     "the most events that one wait may report"},
    {"worker_connections", &k_worker_connections, &Config::worker_connections, nullptr,
     "how many connections there can be at once"},
    {"first_generation", &k_generation, &Config::first_generation, nullptr,
     "the generation with which every slot begins, to come near its wrap"},
    {"notify_rewind_after", &k_rewind, &Config::notify_rewind_after, nullptr,
     "after how many notifications the channel's counter is read back to 0"},
    {"unix_buffer", &k_unix_buffer, &Config::unix_buffer, nullptr,
     "SO_SNDBUF of unix sockets, in bytes as the kernel accounts them"},
    {"tcp_buffer", &k_tcp_buffer, &Config::tcp_buffer, nullptr, "of each direction of a TCP connection"},
    {"worker_aio_requests", &k_aio_requests, &Config::worker_aio_requests, nullptr,
     "how many reads of files may be in flight; 0 is a reactor without file AIO, which starts with fewer calls"},
    {"file_bytes", &k_file_bytes, &Config::file_bytes, nullptr, "the size of every file"},
    {"budget", &k_budget, &Config::budget, nullptr,
     "how many system calls the subject may make before the run ends with the verdict *budget*"},
    {"backlog", &k_backlog, &Config::backlog, nullptr, "how many connections may wait at a listener, less one"},
    {"multi_accept", &k_switch, &Config::multi_accept, nullptr, "1: a listener takes all that wait, not only one"},
    {"accept_mutex", &k_switch, &Config::accept_mutex, nullptr, "1: listeners are shared under an accept mutex"},
    {"exclusive_accept", &k_switch, &Config::exclusive_accept, nullptr,
     "1: listeners that no accept mutex is about are watched with EPOLLEXCLUSIVE"},
    {"accept_mutex_delay", &k_delay, &Config::accept_mutex_delay, nullptr,
     "until the mutex is tried again, and how long a listener rests"},
    {"timer_resolution", &k_resolution, &Config::timer_resolution, nullptr,
     "how often the interval timer ticks, which alone updates the time; 0: there is none"},
    {"echo_buffer", &k_echo_buffer, &Config::echo_buffer, nullptr,
     "accepted connections are served by the echo server, with a buffer of so many bytes each; 0: by reactions"},
    {"echo_idle", &k_echo_idle, &Config::echo_idle, nullptr, "until it closes a connection on which nothing moves"},
    {"eventfd", nullptr, nullptr, &Config::eventfd, "no eventfd: there is no notify channel"},
    {"file_aio", nullptr, nullptr, &Config::file_aio, "no file AIO, whatever worker_aio_requests says"},
    {"epollrdhup", nullptr, nullptr, &Config::epollrdhup, "EPOLLRDHUP is not asked for"},
    {"clear_event", nullptr, nullptr, &Config::clear_event, "no edge-triggered events in add_event"},
};
// clang-format on

constexpr bool table_is_in_order() {
    for (unsigned kind = 0; kind < k_step_kinds; ++kind)
        if (static_cast<unsigned>(k_shapes[kind].kind) != kind || k_shapes[kind].weight == 0) return false;
    return true;
}
static_assert(table_is_in_order());

constexpr MaskWord k_mask_words[] = {
    {"IN", k_epollin},         {"PRI", k_epollpri},         {"OUT", k_epollout},
    {"ERR", k_epollerr},       {"HUP", k_epollhup},         {"RDNORM", k_epollrdnorm},
    {"RDBAND", k_epollrdband}, {"WRNORM", k_epollwrnorm},   {"WRBAND", k_epollwrband},
    {"MSG", k_epollmsg},       {"RDHUP", k_epollrdhup},     {"EXCLUSIVE", k_epollexclusive},
    {"WAKEUP", k_epollwakeup}, {"ONESHOT", k_epolloneshot}, {"ET", k_epollet},
};

constexpr std::uint32_t k_frequent_masks[] = {
    k_epollin,
    k_epollout,
    k_epollin | k_epollout,
    k_epollin | k_epollrdhup,
    k_epollerr,
    k_epollhup,
    k_epollerr | k_epollhup,
    k_epollin | k_epollhup,
    k_epollin | k_epollerr | k_epollhup,
    k_epollout | k_epollerr | k_epollhup,
    k_epollin | k_epollout | k_epollerr | k_epollhup,
    k_epollin | k_epollrdhup | k_epollhup,
    k_epollin | k_epollout | k_epollrdhup,
    k_epollin | k_epollout | k_epollrdhup | k_epollerr | k_epollhup,
    k_epollrdhup,
    k_epollpri,
    k_epollin | k_epollpri,
    0,
    k_epollin | 0x4000,
    k_epollin | k_epollet,
};

constexpr std::string_view r_create[] = {"EMFILE", "ENFILE", "ENOMEM", "ENOSYS", "EINVAL"};
constexpr std::string_view r_ctl[] = {"ENOMEM", "ENOSPC", "EEXIST", "ENOENT",
                                      "EPERM",  "EBADF",  "EINTR",  "ELOOP"};
constexpr std::string_view r_wait[] = {"EINTR", "EBADF", "EINVAL", "EFAULT", "EAGAIN", "ENOMEM"};
constexpr std::string_view r_read[] = {"EAGAIN", "EINTR", "EIO", "EBADF", "EINVAL"};
constexpr std::string_view r_write[] = {"EAGAIN", "EINTR", "EPIPE", "EIO", "EBADF", "EINVAL"};
constexpr std::string_view r_accept[] = {"EMFILE",  "ECONNABORTED", "EAGAIN", "ENFILE", "EINTR",
                                         "ENOBUFS", "ENOMEM",       "EPERM",  "ENOSYS"};
constexpr std::string_view r_recv[] = {"EAGAIN", "EINTR",        "ECONNRESET", "ETIMEDOUT",
                                       "ENOMEM", "EHOSTUNREACH", "EPIPE"};
constexpr std::string_view r_send[] = {"EAGAIN",  "EINTR",  "EPIPE",    "ECONNRESET",
                                       "ENOBUFS", "ENOMEM", "ETIMEDOUT"};
constexpr std::string_view r_connect[] = {"ECONNREFUSED", "ENETUNREACH", "EADDRNOTAVAIL", "EINTR", "EACCES"};
constexpr std::string_view r_control[] = {"EINVAL", "EBADF", "EPERM", "ENOBUFS"};
constexpr std::string_view r_close[] = {"EINTR", "EIO", "EBADF", "ENOSPC"};
constexpr std::string_view r_pread[] = {"EIO", "EINTR", "EAGAIN", "EBADF", "ENOMEM"};
constexpr std::string_view r_io_setup[] = {"EAGAIN", "ENOSYS", "EINVAL", "ENOMEM"};
constexpr std::string_view r_io_submit[] = {"EAGAIN", "ENOSYS", "EBADF", "EINVAL", "EINTR"};
constexpr std::string_view r_io_getevents[] = {"EINTR", "EINVAL", "EFAULT", "EAGAIN"};
constexpr std::string_view r_io_destroy[] = {"EINVAL", "EINTR", "EBUSY"};
constexpr std::string_view r_allocate[] = {"ENOMEM"};

// A word that a pattern for people shows, with its separators.
void append(std::string& text, std::string_view part) {
    const bool glued = part == "." || part == ":" || (!text.empty() && text.back() == '.');
    if (!text.empty() && !glued) text += ' ';
    text += part;
}

std::string joined(Words words) {
    std::string text;
    for (std::string_view word : words) {
        if (!text.empty()) text += '|';
        text += word;
    }
    return text;
}

void append_pattern(std::string& text, const Element& element) {
    switch (element.kind) {
    case ElementKind::word: append(text, element.text); break;
    case ElementKind::name: append(text, element.text); break;
    case ElementKind::number: {
        std::string part(element.number->noun);
        if (!element.number->word.empty()) part += '|' + std::string(element.number->word);
        append(text, element.only_with == 0xff ? part : '[' + part + ']');
        break;
    }
    case ElementKind::choice: append(text, joined(element.words)); break;
    case ElementKind::flags:
        for (std::string_view word : element.words)
            append(text, '[' + std::string(word) + ']');
        break;
    case ElementKind::call: append(text, "CALL"); break;
    case ElementKind::error: append(text, "ERRNO"); break;
    case ElementKind::times: append(text, "[times N|always]"); break;
    case ElementKind::mask: append(text, "MASK"); break;
    case ElementKind::target: append(text, "NAME[~BACK]|notify|data DATA"); break;
    case ElementKind::actions: append(text, "nothing|STEP; STEP; ..."); break;
    case ElementKind::entries: append(text, "nothing|ENTRY, ENTRY, ..."); break;
    case ElementKind::step: append(text, "STEP"); break;
    }
}

} // namespace

std::span<const Shape> step_shapes() {
    return k_shapes;
}

const Shape& step_shape(StepKind kind) {
    return k_shapes[static_cast<unsigned>(kind)];
}

std::span<const ConfigLine> config_lines() {
    return k_config_lines;
}

const Number& back_number() {
    return k_back;
}

std::span<const MaskWord> mask_words() {
    return k_mask_words;
}

std::span<const std::string_view> likely_errors(Call call) {
    switch (call) {
    case Call::epoll_create1: return r_create;
    case Call::epoll_ctl: return r_ctl;
    case Call::epoll_wait: return r_wait;
    case Call::eventfd: return r_create;
    case Call::read: return r_read;
    case Call::write: return r_write;
    case Call::recv: return r_recv;
    case Call::send:
    case Call::sendmsg: return r_send;
    case Call::close: return r_close;
    case Call::accept4:
    case Call::accept: return r_accept;
    case Call::pread: return r_pread;
    case Call::io_setup: return r_io_setup;
    case Call::io_submit: return r_io_submit;
    case Call::io_getevents: return r_io_getevents;
    case Call::io_destroy: return r_io_destroy;
    case Call::socket: return r_create;
    case Call::connect: return r_connect;
    case Call::fcntl:
    case Call::getsockopt:
    case Call::setitimer: return r_control;
    case Call::allocate: return r_allocate;
    }
    return r_allocate;
}

std::span<const std::uint32_t> frequent_masks() {
    return k_frequent_masks;
}

bool may_stand_in_reaction(StepKind kind) {
    return (step_shape(kind).places & k_in_reaction) != 0;
}

bool may_stand_at_place(StepKind kind) {
    return (step_shape(kind).places & k_at_place) != 0;
}

Places nested_places(StepKind kind) {
    for (const Element& element : step_shape(kind).pattern) {
        switch (element.kind) {
        case ElementKind::actions: return k_in_reaction;
        case ElementKind::entries: return k_in_wait;
        case ElementKind::step: return k_at_place;
        default: break;
        }
    }
    return 0;
}

unsigned max_nested(StepKind kind) {
    switch (nested_places(kind)) {
    case k_in_reaction: return k_max_actions;
    case k_in_wait: return k_max_wait_entries;
    case k_at_place: return 1;
    default: return 0;
    }
}

void settle(Step& step) {
    for (const Element& element : step_shape(step.kind).pattern) {
        switch (element.kind) {
        case ElementKind::number:
            if (((element.only_with >> step.choice) & 1U) == 0) set_field(step, element.field, 0);
            break;
        case ElementKind::flags: step.flags &= element.flags_for[step.choice]; break;
        case ElementKind::target:
            if (static_cast<WaitEntry>(step.choice) != WaitEntry::name) step.name = step.back = 0;
            if (static_cast<WaitEntry>(step.choice) != WaitEntry::data) step.value = 0;
            break;
        default: break;
        }
    }
}

std::string name_text(Name name) {
    std::string text(1, static_cast<char>('a' + name % 26));
    if (name >= 26) text += static_cast<char>('0' + name / 26);
    return text;
}

std::optional<Name> name_value(std::string_view text) {
    if (text.empty() || text.size() > 2 || text[0] < 'a' || text[0] > 'z') return std::nullopt;
    unsigned value = static_cast<unsigned>(text[0] - 'a');
    if (text.size() == 2) {
        if (text[1] < '1' || text[1] > '9') return std::nullopt;
        value += 26 * static_cast<unsigned>(text[1] - '0');
    }
    if (value >= k_max_names) return std::nullopt;
    return static_cast<Name>(value);
}

namespace {

std::string hex_text(std::uint64_t value) {
    char digits[16];
    const auto result = std::to_chars(digits, digits + sizeof digits, value, 16);
    return "0x" + std::string(digits, result.ptr);
}

// Digits and nothing else; with 0x in front, hexadecimal ones.
std::optional<std::uint64_t> digits_value(std::string_view text, bool hex_allowed) {
    int base = 10;
    if (hex_allowed && text.size() > 2 && text[0] == '0' && text[1] == 'x') {
        base = 16;
        text.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace

std::string mask_text(std::uint32_t mask) {
    std::string text;
    const auto add = [&text](std::string_view word) {
        if (!text.empty()) text += '|';
        text += word;
    };
    for (const MaskWord& word : k_mask_words) {
        if ((mask & word.bit) != 0) add(word.word);
        mask &= ~word.bit;
    }
    if (mask != 0) add(hex_text(mask));
    return text.empty() ? "0" : text;
}

std::optional<std::uint32_t> mask_word_value(std::string_view text) {
    for (const MaskWord& word : k_mask_words)
        if (word.word == text) return word.bit;
    if (text != "0" && !text.starts_with("0x")) return std::nullopt;
    const auto value = digits_value(text, true);
    if (!value || *value > k_max_u32) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

std::string number_text(const Number& number, std::uint64_t value) {
    if (!number.word.empty() && value == number.word_value) return std::string(number.word);
    if (number.radix == Radix::hex) return hex_text(value);
    return std::to_string(value) + std::string(number.unit);
}

std::optional<std::uint64_t> number_value(const Number& number, std::string_view text) {
    if (!number.word.empty() && text == number.word) return number.word_value;
    if (!text.ends_with(number.unit)) return std::nullopt;
    text.remove_suffix(number.unit.size());
    const auto value = digits_value(text, number.radix == Radix::hex);
    if (!value || *value < number.min || *value > number.max) return std::nullopt;
    return value;
}

std::string_view family_name(Family family) {
    switch (family) {
    case Family::world: return "world";
    case Family::script: return "script";
    case Family::module: return "module";
    case Family::server: return "server";
    case Family::life: return "life";
    case Family::reaction: return "reaction";
    }
    return "";
}

std::string pattern_text(const Shape& shape) {
    std::string text;
    for (const Element& element : shape.pattern)
        append_pattern(text, element);
    return text;
}

std::string pattern_text(const ConfigLine& line) {
    if (line.capability != nullptr) return "config without " + std::string(line.key);
    return "config " + std::string(line.key) + " " + std::string(line.number->noun);
}

} // namespace edgecase
