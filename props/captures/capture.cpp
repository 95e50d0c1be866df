#include "props/captures/capture.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/epoll_abi.hpp"
#include "fakekernel/call.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

// What the calls of strace are to a capture.
struct CallName {
    std::string_view name;
    CapturedKind kind;
};

constexpr std::array<CallName, 22> k_calls = {{
    {"listen", CapturedKind::listen},
    {"accept", CapturedKind::accept},
    {"accept4", CapturedKind::accept},
    {"socket", CapturedKind::socket},
    {"connect", CapturedKind::connect},
    {"recv", CapturedKind::recv},
    {"recvfrom", CapturedKind::recv},
    {"recvmsg", CapturedKind::recv},
    {"read", CapturedKind::recv},
    {"readv", CapturedKind::recv},
    {"send", CapturedKind::send},
    {"sendto", CapturedKind::send},
    {"sendmsg", CapturedKind::send},
    {"write", CapturedKind::send},
    {"writev", CapturedKind::send},
    {"sendfile", CapturedKind::send},
    {"sendfile64", CapturedKind::send},
    {"shutdown", CapturedKind::shutdown},
    {"close", CapturedKind::close},
    {"epoll_ctl", CapturedKind::epoll_ctl},
    {"epoll_wait", CapturedKind::epoll_wait},
    {"epoll_pwait", CapturedKind::epoll_wait},
}};

const CallName* call_named(std::string_view name) {
    const auto* found =
        std::find_if(k_calls.begin(), k_calls.end(), [&](const CallName& one) { return one.name == name; });
    return found == k_calls.end() ? nullptr : found;
}

bool is_wait(const StraceEntry& entry) {
    return entry.kind == StraceKind::call &&
           (entry.name.text == "epoll_wait" || entry.name.text == "epoll_pwait");
}

bool is_restarted(const StraceEntry& entry) {
    return entry.error.starts_with("ERESTART");
}

// Reads what stands in an argument, from its front; a failure carries the place.
class ArgumentReader {
public:
    explicit ArgumentReader(const StracePart& part) : part_(part), rest_(part.text) {}

    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] StracePart here() const {
        const std::size_t gone = part_.text.size() - rest_.size();
        return {rest_.substr(0, 1), part_.line, part_.offset + static_cast<std::uint32_t>(gone)};
    }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    template <class Number> bool number(Number& value) {
        const bool hex = rest_.starts_with("0x");
        const std::string_view digits = hex ? rest_.substr(2) : rest_;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
        if (read.ec != std::errc()) {
            return false;
        }
        rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
        return true;
    }

    std::string_view word() {
        std::size_t size = 0;
        while (size < rest_.size() && (rest_[size] == '_' || (rest_[size] >= 'A' && rest_[size] <= 'Z') ||
                                       (rest_[size] >= '0' && rest_[size] <= '9'))) {
            ++size;
        }
        const std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return word;
    }

    // Behind a number in place of a name strace explains itself: 0x4000 /* EPOLL??? */
    void skip_comment() {
        while (take(" ")) {
        }
        if (rest_.starts_with("/*")) {
            const std::size_t end = rest_.find("*/");
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 2);
        }
    }

private:
    StracePart part_;
    std::string_view rest_;
};

// The sum of all iov_len in the arguments, strings apart; none: nullopt. An array of which strace left
// entries out has no sum.
std::optional<std::uint64_t> sum_of_pieces(const StracePart& part) {
    std::optional<std::uint64_t> sum;
    const std::string_view text = part.text;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                at += text[at] == '\\' ? 1 : 0;
            }
            if (text.substr(at + 1).starts_with("...")) {
                at += 3; // the string was cut, not the array
            }
        } else if (text.substr(at).starts_with("...")) {
            return std::nullopt;
        } else if (text.substr(at).starts_with("iov_len=")) {
            std::uint64_t bytes = 0;
            const char* digits = text.data() + at + 8;
            std::from_chars(digits, text.data() + text.size(), bytes);
            sum = sum.value_or(0) + bytes;
        }
    }
    return sum;
}

class CaptureReader {
public:
    explicit CaptureReader(StraceLog& log) : log_(log) { capture_.file = log.file; }

    CaptureResult run() {
        if (!find_loop()) {
            return std::move(*error_);
        }
        find_notify_without_start();
        capture_.start_us = log_.entries.front().begin_us;
        for (const StraceEntry& entry : log_.entries) {
            if (!read_entry(entry)) {
                return std::move(*error_);
            }
        }
        find_interval_without_start();
        return std::move(capture_);
    }

private:
    bool refuse(const StracePart& part, std::string message) {
        error_ = error_at(log_, part, std::move(message));
        return false;
    }

    // The thread and the epoll of the first wait.
    bool find_loop() {
        const auto wait = std::find_if(log_.entries.begin(), log_.entries.end(), is_wait);
        if (wait == log_.entries.end()) {
            error_ =
                make_parse_error(log_.file, 1, log_.lines.empty() ? std::string_view() : log_.lines[0], 0, 0,
                                 "no epoll_wait in this text: expected what `strace -f -ttt -s 24` "
                                 "prints of a server that waits with epoll");
            return false;
        }
        thread_ = wait->pid;
        return descriptor(*wait, 0, capture_.epoll_fd);
    }

    // When the eventfd was made before the capture began: it is what other threads write eight bytes to.
    void find_notify_without_start() {
        for (const StraceEntry& entry : log_.entries) {
            if (entry.kind == StraceKind::call && entry.name.text == "eventfd2" && entry.pid == thread_) {
                return;
            }
            if (entry.kind == StraceKind::call && entry.name.text == "write" && entry.pid != thread_ &&
                entry.has_result && entry.result == 8 && entry.arguments.size() == 3 &&
                entry.arguments[1].text.starts_with("\"\\")) {
                ArgumentReader reader(entry.arguments[0]);
                static_cast<void>(reader.number(capture_.notify_fd));
                return;
            }
        }
    }

    // When the interval timer was set before the capture began: what lies between its first signals.
    void find_interval_without_start() {
        std::vector<std::uint64_t> alarms_us;
        for (const CapturedCall& call : capture_.calls) {
            if (call.kind == CapturedKind::signal && call.signal == "SIGALRM") {
                alarms_us.push_back(call.begin_us);
            }
        }
        if (capture_.timer_resolution_ms != 0 || alarms_us.size() < 2) {
            return;
        }
        std::vector<std::uint64_t> intervals_us;
        for (std::size_t i = 1; i < alarms_us.size(); ++i) {
            intervals_us.push_back(alarms_us[i] - std::min(alarms_us[i], alarms_us[i - 1]));
        }
        const auto middle = intervals_us.begin() + static_cast<std::ptrdiff_t>(intervals_us.size() / 2);
        std::nth_element(intervals_us.begin(), middle, intervals_us.end());
        capture_.timer_resolution_ms =
            static_cast<std::uint32_t>(std::clamp<std::uint64_t>((*middle + 500) / 1000, 1, 86'400'000));
        const std::uint64_t interval_us = std::uint64_t{capture_.timer_resolution_ms} * 1000;
        const std::uint64_t before_us = alarms_us.front() - capture_.start_us;
        // The clock begins a whole number of intervals before the first of them.
        capture_.start_us = alarms_us.front() - (before_us / interval_us + 1) * interval_us;
    }

    bool read_entry(const StraceEntry& entry) {
        if (entry.kind == StraceKind::exit) {
            return true;
        }
        if (entry.pid != thread_) {
            return read_of_other_thread(entry);
        }
        if (entry.kind == StraceKind::signal) {
            CapturedCall call = call_of(entry, CapturedKind::signal);
            call.signal = entry.name.text;
            capture_.calls.push_back(std::move(call));
            return true;
        }
        // What was cut off at the end, or is done again after a signal, had no effect that is known.
        const CallName* name = call_named(entry.name.text);
        if (!entry.has_result || is_restarted(entry)) {
            return true;
        }
        return name != nullptr ? read_call(entry, name->kind) : read_start(entry);
    }

    // What is made at start-up and tells which descriptor is what.
    bool read_start(const StraceEntry& entry) {
        const std::string_view name = entry.name.text;
        if (name == "epoll_create" || name == "epoll_create1") {
            capture_.has_start = capture_.has_start || entry.result == capture_.epoll_fd;
        } else if (name == "eventfd2" && capture_.notify_fd < 0) {
            capture_.notify_fd = static_cast<int>(entry.result);
        } else if (name == "setitimer") {
            return read_interval(entry);
        } else if (name == "socketpair" && entry.result == 0) {
            return read_pair(entry);
        }
        return true;
    }

    bool read_of_other_thread(const StraceEntry& entry) {
        if (is_wait(entry)) {
            ++capture_.other_loops;
        }
        if (entry.kind != StraceKind::call || entry.name.text != "write" || entry.arguments.empty() ||
            capture_.notify_fd < 0 || !entry.has_result || entry.result != 8) {
            return true;
        }
        CapturedCall call = call_of(entry, CapturedKind::notify);
        ArgumentReader reader(entry.arguments[0]);
        if (reader.number(call.fd) && call.fd == capture_.notify_fd) {
            capture_.calls.push_back(std::move(call));
        }
        return true;
    }

    static CapturedCall call_of(const StraceEntry& entry, CapturedKind kind) {
        CapturedCall call;
        call.kind = kind;
        call.line = entry.line;
        call.end_line = entry.end_line;
        call.begin_us = entry.begin_us;
        call.end_us = entry.end_us;
        call.result = entry.result;
        call.error = entry.result == -1 && !entry.error.empty() ? fake::errno_value(entry.error) : 0;
        return call;
    }

    bool read_call(const StraceEntry& entry, CapturedKind kind) {
        CapturedCall call = call_of(entry, kind);
        switch (kind) {
        case CapturedKind::socket:
            if (entry.arguments.size() < 2 || !entry.arguments[0].text.starts_with("AF_INET") ||
                entry.arguments[1].text.find("SOCK_STREAM") == std::string_view::npos) {
                return true;
            }
            break;
        case CapturedKind::epoll_ctl:
            if (int epfd = -1; !descriptor(entry, 0, epfd)) {
                return false;
            } else if (epfd != capture_.epoll_fd) {
                return true;
            }
            if (!read_control(entry, call)) return false;
            break;
        case CapturedKind::epoll_wait:
            if (int epfd = -1; !descriptor(entry, 0, epfd)) {
                return false;
            } else if (epfd != capture_.epoll_fd) {
                ++capture_.other_loops;
                return true;
            }
            if (!read_wait(entry, call)) return false;
            break;
        default:
            if (!descriptor(entry, 0, call.fd) || !read_bytes(entry, call)) return false;
            break;
        }
        mark_self_test(call);
        capture_.calls.push_back(std::move(call));
        return true;
    }

    bool descriptor(const StraceEntry& entry, std::size_t place, int& fd) {
        if (place >= entry.arguments.size()) {
            return refuse(entry.name, "expected a descriptor among the arguments of this call");
        }
        ArgumentReader reader(entry.arguments[place]);
        if (!reader.number(fd) || (!reader.rest().empty() && reader.rest().front() != '<')) {
            return refuse(entry.arguments[place], "expected a descriptor: a number");
        }
        return true;
    }

    bool integer(const StraceEntry& entry, std::size_t place, std::int64_t& value) {
        if (place >= entry.arguments.size()) {
            return refuse(entry.name, "expected a number among the arguments of this call");
        }
        ArgumentReader reader(entry.arguments[place]);
        if (!reader.number(value) || !reader.rest().empty()) {
            return refuse(entry.arguments[place], "expected a number");
        }
        return true;
    }

    // How much was asked for. A call whose pieces are not all there counts as one that moved what was asked.
    bool read_bytes(const StraceEntry& entry, CapturedCall& call) {
        if (call.kind != CapturedKind::recv && call.kind != CapturedKind::send) {
            return true;
        }
        const std::string_view name = entry.name.text;
        call.is_socket_call =
            name != "read" && name != "write" && name != "readv" && name != "recvmsg" && name != "sendmsg";
        if (name == "readv" || name == "writev" || name == "recvmsg" || name == "sendmsg") {
            const std::uint64_t moved = call.result > 0 ? static_cast<std::uint64_t>(call.result) : 0;
            call.asked_bytes =
                entry.arguments.size() < 2 ? moved : sum_of_pieces(entry.arguments[1]).value_or(moved);
            call.asked_bytes = std::max(call.asked_bytes, moved);
            return true;
        }
        const std::size_t place = name.starts_with("sendfile") ? 3 : 2;
        std::int64_t bytes = 0;
        if (!integer(entry, place, bytes)) {
            return false;
        }
        if (bytes < 0 || bytes < call.result) {
            return refuse(entry.arguments[place],
                          "expected how many bytes were asked for, no fewer than moved");
        }
        call.asked_bytes = static_cast<std::uint64_t>(bytes);
        if (name == "recvfrom" && entry.arguments.size() > 3 &&
            entry.arguments[3].text.find("MSG_PEEK") != std::string_view::npos) {
            call.kind = CapturedKind::peek;
        }
        return true;
    }

    // EPOLL_CTL_MOD, FD, {events=EPOLLIN|EPOLLET, data={u32=1, u64=1}}; the event may be an address.
    bool read_control(const StraceEntry& entry, CapturedCall& call) {
        if (entry.arguments.size() < 3) {
            return refuse(entry.name, "expected an operation and a descriptor among the arguments");
        }
        const std::string_view operation = entry.arguments[1].text;
        if (operation == "EPOLL_CTL_ADD") {
            call.operation = k_epoll_ctl_add;
        } else if (operation == "EPOLL_CTL_MOD") {
            call.operation = k_epoll_ctl_mod;
        } else if (operation == "EPOLL_CTL_DEL") {
            call.operation = k_epoll_ctl_del;
        } else {
            return refuse(entry.arguments[1], "expected `EPOLL_CTL_ADD`, `EPOLL_CTL_MOD` or `EPOLL_CTL_DEL`");
        }
        if (!descriptor(entry, 2, call.fd)) {
            return false;
        }
        const bool has_event = entry.arguments.size() > 3 && entry.arguments[3].text.starts_with("{");
        if (!has_event && call.operation != k_epoll_ctl_del) {
            return entry.arguments.size() > 3
                       ? refuse(entry.arguments[3], "expected `{events=..., data=...}`")
                       : refuse(entry.name, "expected `{events=..., data=...}` among the arguments");
        }
        if (has_event) {
            ArgumentReader reader(entry.arguments[3]);
            CapturedEvent event;
            if (!read_event(reader, event)) return false;
            call.has_event = true;
            call.mask = event.mask;
            call.data = event.data;
        }
        return true;
    }

    bool read_wait(const StraceEntry& entry, CapturedCall& call) {
        std::int64_t most = 0;
        std::int64_t timeout = 0;
        if (!integer(entry, 2, most) || !integer(entry, 3, timeout)) {
            return false;
        }
        if (most < 1 || most > static_cast<std::int64_t>(k_epoll_max_events)) {
            return refuse(entry.arguments[2], "expected how many events the wait was asked for");
        }
        if (timeout < -1 || timeout > 0x7fffffff) {
            return refuse(entry.arguments[3], "expected a timeout in milliseconds, or -1");
        }
        call.timeout_ms = static_cast<int>(timeout);
        if (call.result < 0) {
            return true;
        }
        ArgumentReader reader(entry.arguments[1]);
        if (!reader.take("[")) {
            return refuse(reader.here(), "expected the events that the wait gave: `[{events=...`");
        }
        while (!reader.take("]")) {
            if (reader.take("...")) {
                call.events_cut = true;
                continue;
            }
            CapturedEvent event;
            if (!read_event(reader, event)) return false;
            call.events.push_back(event);
            if (!reader.take(", ") && !reader.rest().starts_with("]")) {
                return refuse(reader.here(), "expected `, ` or `]` behind an event");
            }
        }
        const auto shown = static_cast<std::int64_t>(call.events.size());
        if (shown > call.result || (shown < call.result && !call.events_cut)) {
            return refuse(entry.arguments[1], "the wait gave " + std::to_string(call.result) +
                                                  " events, and here stand " + std::to_string(shown));
        }
        if (most > 1) {
            capture_.most_events = std::max(capture_.most_events, static_cast<std::uint32_t>(most));
        }
        return true;
    }

    // {events=EPOLLIN|EPOLLHUP, data={u32=1, u64=1}}, or data=0x1
    bool read_event(ArgumentReader& reader, CapturedEvent& event) {
        if (!reader.take("{events=")) {
            return refuse(reader.here(), "expected `{events=`");
        }
        do {
            const ArgumentReader before = reader;
            std::uint32_t bits = 0;
            if (reader.number(bits)) {
                event.mask |= bits;
                reader.skip_comment();
                continue;
            }
            const std::string_view word = reader.word();
            const std::optional<std::uint32_t> bit =
                word.starts_with("EPOLL") ? mask_word_value(word.substr(5)) : std::nullopt;
            if (!bit) {
                StracePart part = before.here();
                part.text = word.empty() ? part.text : word;
                return refuse(part, "expected a bit of an epoll mask, such as `EPOLLIN`");
            }
            event.mask |= *bit;
        } while (reader.take("|"));
        if (!reader.take(", data=")) {
            return refuse(reader.here(), "expected `, data=` behind the mask");
        }
        if (reader.take("{u32=")) {
            std::uint32_t low = 0;
            if (!reader.number(low) || !reader.take(", u64=")) {
                return refuse(reader.here(), "expected `{u32=NUMBER, u64=NUMBER}`");
            }
            if (!reader.number(event.data) || !reader.take("}")) {
                return refuse(reader.here(), "expected `{u32=NUMBER, u64=NUMBER}`");
            }
        } else if (!reader.number(event.data)) {
            return refuse(reader.here(), "expected the data of an event: `{u32=NUMBER, u64=NUMBER}`");
        }
        if (!reader.take("}")) {
            return refuse(reader.here(), "expected `}` behind the data of an event");
        }
        return true;
    }

    // ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=20000}, it_value=...}, NULL
    bool read_interval(const StraceEntry& entry) {
        if (entry.arguments.size() < 2 || entry.arguments[0].text != "ITIMER_REAL") {
            return true;
        }
        ArgumentReader reader(entry.arguments[1]);
        std::uint64_t seconds = 0;
        std::uint64_t micros = 0;
        if (!reader.take("{it_interval={tv_sec=") || !reader.number(seconds) || !reader.take(", tv_usec=") ||
            !reader.number(micros) || seconds > 86'400) {
            return refuse(reader.here(), "expected `{it_interval={tv_sec=NUMBER, tv_usec=NUMBER}`");
        }
        capture_.timer_resolution_ms = static_cast<std::uint32_t>(seconds * 1000 + micros / 1000);
        capture_.start_us = entry.begin_us;
        return true;
    }

    // AF_UNIX, SOCK_STREAM, 0, [7, 8]
    bool read_pair(const StraceEntry& entry) {
        if (entry.arguments.size() < 4) {
            return refuse(entry.name, "expected `[FD, FD]` among the arguments");
        }
        ArgumentReader reader(entry.arguments[3]);
        int first = -1;
        if (!reader.take("[") || !reader.number(first) || !reader.take(", ")) {
            return refuse(reader.here(), "expected `[FD, FD]`");
        }
        test_fd_ = first;
        return true;
    }

    // From the registration of an end of a pair to its close: a pair is nothing that a server waits for.
    void mark_self_test(CapturedCall& call) {
        if (test_fd_ < 0) {
            return;
        }
        if (call.kind == CapturedKind::epoll_ctl && call.fd == test_fd_) {
            call.is_self_test = true;
            in_self_test_ = true;
        } else if (call.kind == CapturedKind::epoll_wait && in_self_test_) {
            call.is_self_test = true;
        } else if (call.kind == CapturedKind::close && call.fd == test_fd_) {
            in_self_test_ = false;
            test_fd_ = -1;
        }
    }

    StraceLog& log_;
    Capture capture_;
    std::int64_t thread_ = 0;
    int test_fd_ = -1;
    bool in_self_test_ = false;
    std::optional<ParseError> error_;
};

} // namespace

CaptureResult read_capture(std::string_view text, std::string_view file) {
    StraceResult parsed = parse_strace(text, file);
    if (!parsed) {
        return parsed.error();
    }
    return CaptureReader(parsed.log()).run();
}

} // namespace edgecase
