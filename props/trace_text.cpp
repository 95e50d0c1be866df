#include "props/trace_text.hpp"

#include <span>
#include <string_view>

#include <fmt/format.h>

#include "core/epoll_abi.hpp"
#include "core/log.hpp"
#include "props/poster.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"
#include "props/worker.hpp"

namespace edgecase {

namespace {

std::string answer_text(const fake::Record& record) {
    if (record.error != 0) {
        return fmt::format("-1 {}", fake::errno_name(record.error));
    }
    return fmt::format("{}", record.value);
}

// `a (5)`, or the number alone where it has no name.
std::string descriptor_text(const fake::Record& record) {
    const std::string label = label_text(record.label);
    return label.empty() ? fmt::format("{}", record.a) : fmt::format("{} ({})", label, record.a);
}

std::string_view operation_text(std::int64_t operation) {
    switch (operation) {
    case k_epoll_ctl_add: return "ADD";
    case k_epoll_ctl_del: return "DEL";
    case k_epoll_ctl_mod: return "MOD";
    default: return "?";
    }
}

std::string data_text(std::uint64_t data) {
    return fmt::format("c:{}#{}", static_cast<std::uint32_t>(data), data >> 32);
}

// An AIO request by its place in the reactor's table, and which of the users of that place it is.
std::string request_text(std::uint64_t data) {
    return fmt::format("aio#{}.{}", static_cast<std::uint32_t>(data), data >> 32);
}

std::string call_text(const fake::Record& record) {
    const fake::Call call = static_cast<fake::Call>(record.what);
    const std::string_view name = fake::call_name(call);
    switch (call) {
    case fake::Call::epoll_ctl: {
        const std::string answer =
            record.error == 0 ? "0" : fmt::format("-1 {}", fake::errno_name(record.error));
        if (record.b == k_epoll_ctl_del) {
            return fmt::format("{}({}, {}) = {}", name, operation_text(record.b), descriptor_text(record),
                               answer);
        }
        const std::string mask =
            record.error == 0 ? fmt::format(", {}", mask_text(static_cast<std::uint32_t>(record.value))) : "";
        return fmt::format("{}({}, {}{}, {}) = {}", name, operation_text(record.b), descriptor_text(record),
                           mask, data_text(record.c), answer);
    }
    case fake::Call::epoll_wait:
        return fmt::format("{}({}, timeout {}) = {}", name, descriptor_text(record), record.b,
                           answer_text(record));
    case fake::Call::epoll_create1:
    case fake::Call::socket:
    case fake::Call::eventfd: return fmt::format("{}({:#o}) = {}", name, record.b, answer_text(record));
    case fake::Call::accept4:
        return fmt::format("{}({}, {:#o}) = {}", name, descriptor_text(record), record.b,
                           answer_text(record));
    case fake::Call::sendmsg:
        return fmt::format("{}({}, {} bytes in {} pieces) = {}", name, descriptor_text(record), record.b,
                           record.c, answer_text(record));
    case fake::Call::allocate:
        return fmt::format("{}({} bytes) = {}", name, record.a,
                           record.error == 0 ? "ok" : fake::errno_name(record.error));
    case fake::Call::setitimer: return fmt::format("{}({} ms) = {}", name, record.b, answer_text(record));
    case fake::Call::fcntl:
        return fmt::format("{}({}, {}) = {}", name, descriptor_text(record),
                           record.b == k_f_setfl ? "F_SETFL" : "F_SETFD", answer_text(record));
    case fake::Call::getsockopt:
        return fmt::format("{}({}, SO_ERROR) = {}", name, descriptor_text(record),
                           record.error == 0 && record.value != 0
                               ? std::string(fake::errno_name(static_cast<int>(record.value)))
                               : answer_text(record));
    case fake::Call::accept:
    case fake::Call::connect:
    case fake::Call::close:
        return fmt::format("{}({}) = {}", name, descriptor_text(record), answer_text(record));
    case fake::Call::io_setup:
        return fmt::format("{}({} requests) = {}", name, record.b, answer_text(record));
    case fake::Call::io_submit:
        return fmt::format("{}({}, {} bytes, {}) = {}", name, descriptor_text(record), record.b,
                           request_text(record.c), answer_text(record));
    case fake::Call::io_getevents:
        return fmt::format("{}(at most {}) = {}", name, record.b, answer_text(record));
    case fake::Call::io_destroy: return fmt::format("{}() = {}", name, answer_text(record));
    default:
        return fmt::format("{}({}, {} bytes) = {}", name, descriptor_text(record), record.b,
                           answer_text(record));
    }
}

std::string_view note_text(fake::Note note) {
    switch (note) {
    case fake::Note::dead_name: return "no such connection is open: nothing is done";
    case fake::Note::not_running: return "the reactor does not run, or has no such action: nothing is done";
    case fake::Note::no_slot: return "the reactor has no free connection";
    case fake::Note::fault_fired: return "the script answers:";
    case fake::Note::scripted_wait: return "the script gives the result of this wait:";
    case fake::Note::interrupted: return "nothing can end this sleep: a signal does";
    case fake::Note::worker: return "that worker lives already, or does not: nothing is done";
    case fake::Note::poster: return "that poster is busy, or not in notify(): nothing is done";
    case fake::Note::reactors_own: return "its events are the reactor's own: nothing is done";
    case fake::Note::applications_own: return "it is the application's own: nothing is done";
    case fake::Note::tick: return "the interval timer ticks";
    case fake::Note::idle: return "there is nothing to do: a signal ends this sleep";
    case fake::Note::mutex_got: return "the accept mutex: got";
    case fake::Note::mutex_busy: return "the accept mutex: another has it";
    case fake::Note::mutex_freed: return "the accept mutex: given back";
    case fake::Note::misuse: return "from here on the module's contract is broken (misuse)";
    }
    return "?";
}

// `  ` for what the loop does, `  poster 1: ` for what a poster does.
std::string indent_text(const fake::Record& record) {
    if (record.who == 0) {
        return "  ";
    }
    return record.who < fake::k_first_worker
               ? fmt::format("  poster {}: ", record.who)
               : fmt::format("  worker {}: ", record.who - fake::k_first_worker + 1);
}

std::string stand_text(const fake::Record& record) {
    const std::string_view call = fake::call_name(static_cast<fake::Call>(record.b));
    switch (static_cast<PosterStand>(record.value)) {
    case PosterStand::before_call: return fmt::format("before {}", call);
    case PosterStand::in_call: return fmt::format("in {}", call);
    case PosterStand::returned_ok: return "notify returned ok";
    case PosterStand::returned_error: return "notify returned an error";
    }
    return {};
}

std::string worker_stand_text(const fake::Record& record) {
    const std::string_view call = fake::call_name(static_cast<fake::Call>(record.b));
    switch (static_cast<WorkerStand>(record.value)) {
    case WorkerStand::before_call: return fmt::format("before {}", call);
    case WorkerStand::in_call: return fmt::format("in {}", call);
    case WorkerStand::asleep: return "asleep";
    case WorkerStand::ended: return "it has ended";
    }
    return {};
}

// What came of a world step.
std::string outcome_text(const fake::Record& record) {
    const StepKind kind = static_cast<StepKind>(record.what);
    if (kind == StepKind::worker) {
        return worker_stand_text(record);
    }
    return is_poster_step(kind) ? stand_text(record) : answer_text(record);
}

// The step as it stands in the scenario; for what no step asked for, what the simulation did by itself.
std::string acting_text(const fake::Record& record, const Scenario& scenario) {
    if (record.c < scenario.steps.size()) {
        const std::span<const Step> steps(scenario.steps);
        return step_text(steps.subspan(record.c, 1 + steps[record.c].nested));
    }
    const std::string label = label_text(record.label);
    if (static_cast<StepKind>(record.what) == StepKind::worker) {
        return fmt::format("worker {}, at the tear-down", record.a);
    }
    if (is_poster_step(static_cast<StepKind>(record.what))) {
        return fmt::format("poster {} finish, at the tear-down", record.a);
    }
    if (record.c == fake::k_by_default) {
        const bool adds = static_cast<StepKind>(record.what) == StepKind::add;
        return adds ? fmt::format("add {} read, as its accept handler does by default", label)
                    : fmt::format("close {}, as its handler does by default", label);
    }
    if (static_cast<StepKind>(record.what) == StepKind::init) {
        return "init, before the first step that needs it";
    }
    return fmt::format("close {}, at the tear-down", label);
}

} // namespace

std::string label_text(std::uint16_t label) {
    switch (label) {
    case fake::k_label_none: return {};
    case fake::k_label_epoll: return "epoll";
    case fake::k_label_notify: return "notify";
    case fake::k_label_aio: return "aio";
    default: return name_text(static_cast<Name>(label - fake::k_label_name));
    }
}

std::string record_text(const fake::Record& record, const Scenario& scenario,
                        const std::vector<std::string>& log_lines) {
    const std::string label = label_text(record.label);
    switch (record.kind) {
    case fake::RecordKind::call: return indent_text(record) + call_text(record);
    case fake::RecordKind::wait_event:
        return fmt::format("  {}{} {}", indent_text(record), mask_text(static_cast<std::uint32_t>(record.b)),
                           data_text(record.c));
    case fake::RecordKind::completion:
        return fmt::format("    {}: {}", request_text(record.c),
                           record.value < 0
                               ? fmt::format("-1 {}", fake::errno_name(static_cast<int>(-record.value)))
                               : fmt::format("{} bytes", record.value));
    case fake::RecordKind::dispatch:
        return fmt::format("  handler {}.{}{}",
                           label.empty() ? fmt::format("of free slot {}", record.c) : label,
                           record.what == 0   ? "read"
                           : record.what == 1 ? "write"
                                              : "aio",
                           record.value == 0 ? "" : ", asked to close");
    case fake::RecordKind::notify: return fmt::format("  handler notify {}", record.a);
    case fake::RecordKind::module:
    case fake::RecordKind::life:
        return fmt::format("{}{}", acting_text(record, scenario), record.value == 0 ? "" : ": error");
    case fake::RecordKind::world:
        return fmt::format("{}: {}", acting_text(record, scenario), outcome_text(record));
    case fake::RecordKind::accept:
        return fmt::format("{}handler {}.accept: {}", indent_text(record),
                           record.a < 0 ? "of a free slot" : name_text(static_cast<Name>(record.a)), label);
    case fake::RecordKind::log: {
        const std::string_view text = record.c < log_lines.size() ? std::string_view(log_lines[record.c])
                                                                  : std::string_view("(not kept)");
        return fmt::format("{}[{}] {}{}", indent_text(record), level_name(static_cast<LogLevel>(record.what)),
                           text,
                           record.error == 0 ? "" : fmt::format(" ({})", fake::errno_name(record.error)));
    }
    case fake::RecordKind::sleep:
        return record.a < 0 ? std::string("  sleeps until something happens")
                            : fmt::format("  sleeps until {} ms", record.a / 1'000'000);
    case fake::RecordKind::note: {
        const fake::Note note = static_cast<fake::Note>(record.what);
        const bool of_step = note == fake::Note::dead_name || note == fake::Note::not_running ||
                             note == fake::Note::no_slot || note == fake::Note::poster ||
                             note == fake::Note::worker || note == fake::Note::reactors_own ||
                             note == fake::Note::applications_own;
        return of_step ? fmt::format("{}: {}", acting_text(record, scenario), note_text(note))
                       : fmt::format("{}{}", indent_text(record), note_text(note));
    }
    }
    return {};
}

} // namespace edgecase
