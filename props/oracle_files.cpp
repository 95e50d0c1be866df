// The oracle on files that are read through AIO: aio-completes-once.
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "props/oracle.hpp"

namespace edgecase {

bool Oracle::file_read_begins(Name name) {
    reading_file_ = name;
    last_file_error_ = 0;
    submit_failed_ = false;
    const FileState::Stage stage = files_[name].stage;
    if (stage == FileState::Stage::in_flight) {
        ran_out_ = true; // a second read is turned away with an ALERT, as a connection too many is
    }
    return stage == FileState::Stage::idle;
}

void Oracle::request_accepted(const fake::Record& record) {
    if (record.value != 1 || record.error != 0 || reading_file_ < 0) {
        return;
    }
    FileState& file = files_[static_cast<Name>(reading_file_)];
    if (!file.used) {
        file.used = true;
        files_used_.push_back(static_cast<Name>(reading_file_));
    }
    if (exercise(Invariant::aio_completes_once) && file.stage == FileState::Stage::in_flight) {
        violate(Invariant::aio_completes_once,
                fmt::format("a second read of {} was given to the kernel", text_of(reading_file_)));
    }
    file.stage = FileState::Stage::in_flight;
    file.data = record.c;
    file.request = model_ != nullptr ? model_->last_aio_request() : 0;
}

void Oracle::file_read_ended(Name name, const FileRead& read, bool holds) {
    reading_file_ = -1;
    FileState& file = files_[name];
    if (!exercise(Invariant::aio_completes_once)) {
        return;
    }
    const bool again = read.outcome == FileRead::Outcome::again;
    switch (file.stage) {
    case FileState::Stage::idle:
        if (again) {
            violate(Invariant::aio_completes_once,
                    fmt::format("a read of {} is in flight, and the kernel was not asked", text_of(name)));
        }
        if (read.outcome == FileRead::Outcome::done && can_read_through_aio()) {
            violate(Invariant::aio_completes_once,
                    fmt::format("{} was read at once, and nothing stood in the way of AIO", text_of(name)));
        }
        if (read.outcome == FileRead::Outcome::error && read.error != last_file_error_) {
            violate(Invariant::aio_completes_once,
                    fmt::format("a read of {} failed with {}, which no call that decides about it answered",
                                text_of(name), fake::errno_name(read.error)));
        }
        break;
    case FileState::Stage::in_flight:
        if (!again) {
            violate(Invariant::aio_completes_once,
                    fmt::format("a read of {} ended while the kernel had it", text_of(name)));
        }
        check_file_flags(name);
        return;
    case FileState::Stage::taken: // collected before its handler could run, which then does not
    case FileState::Stage::complete: {
        const std::int64_t result = read.outcome == FileRead::Outcome::done ? read.bytes : -read.error;
        if (again || result != file.result) {
            violate(Invariant::aio_completes_once,
                    fmt::format("the kernel completed the read of {} with {}, and it was told {}",
                                text_of(name), file.result, again ? "to wait" : fmt::format("{}", result)));
        }
        file.stage = FileState::Stage::idle;
        break;
    }
    }
    if (read.outcome == FileRead::Outcome::done && !holds) {
        violate(Invariant::aio_completes_once,
                fmt::format("the bytes that were read of {} are not those of the file", text_of(name)));
    }
}

// Whether the read under way could have been in flight: there is a place for it, and the kernel has not said no.
bool Oracle::can_read_through_aio() const {
    const auto in_flight = std::count_if(files_used_.begin(), files_used_.end(), [this](Name name) {
        return files_[name].stage == FileState::Stage::in_flight;
    });
    return aio_fd_ >= 0 && !aio_refused_ && !submit_failed_ &&
           static_cast<std::uint64_t>(in_flight) < config_.worker_aio_requests;
}

void Oracle::completion_taken(std::uint64_t data, std::int64_t result) {
    for (const Name name : files_used_) {
        FileState& file = files_[name];
        if (file.stage == FileState::Stage::in_flight && file.data == data) {
            file.stage = FileState::Stage::taken;
            file.result = result;
            return;
        }
    }
}

void Oracle::file_handled(Name name) {
    if (in_turn_) {
        go_on_to(Cause::posted); // completions are posted, so this part of the turn has begun
    }
    FileState& file = files_[name];
    if (exercise(Invariant::aio_completes_once) && file.stage != FileState::Stage::taken) {
        violate(
            Invariant::aio_completes_once,
            fmt::format("the aio handler of {} ran, and no read of it was newly complete", text_of(name)));
    }
    file.stage = FileState::Stage::complete;
    check_file_flags(name);
}

// Active and not ready exactly while the kernel has it.
void Oracle::check_file_flags(Name name) {
    const FileView view = subject_.file_view(name);
    const bool in_flight = files_[name].stage == FileState::Stage::in_flight;
    if (exercise(Invariant::aio_completes_once) && (view.active != in_flight || view.ready == in_flight)) {
        violate(Invariant::aio_completes_once,
                fmt::format("active is {} and ready {} while the read of {} is {}in flight",
                            view.active ? 1 : 0, view.ready ? 1 : 0, text_of(name), in_flight ? "" : "not "));
    }
}

// The wait sleeps: no report is to come for what the kernel has completed.
void Oracle::check_completions() {
    for (const Name name : files_used_) {
        const FileState& file = files_[name];
        if (file.stage == FileState::Stage::taken && exercise(Invariant::aio_completes_once) &&
            !subject_.file_view(name).posted) {
            violate(Invariant::aio_completes_once,
                    fmt::format("the read of {} is complete, and its handler neither ran nor is posted",
                                text_of(name)));
        }
        if (file.stage != FileState::Stage::in_flight) {
            continue;
        }
        check_file_flags(name);
        const bool waits = taking_failed_ || subject_.aio_posted();
        if (model_ != nullptr && !waits && exercise(Invariant::aio_completes_once) &&
            !model_->is_aio_in_flight(file.request)) {
            violate(
                Invariant::aio_completes_once,
                fmt::format("the wait sleeps, and the kernel's completion of the read of {} was not taken",
                            text_of(name)));
        }
    }
}

// done: what the kernel had is gone; what is posted still runs.
void Oracle::discard_reads() {
    if (model_ != nullptr && exercise(Invariant::aio_completes_once) && model_->aio_in_flight(0) != 0) {
        violate(Invariant::aio_completes_once, "done left a read of a file in flight");
    }
    for (const Name name : files_used_) {
        FileState& file = files_[name];
        if (file.stage == FileState::Stage::in_flight ||
            (file.stage == FileState::Stage::taken && !subject_.file_view(name).posted)) {
            file.stage = FileState::Stage::idle;
        }
        check_file_flags(name);
    }
}

} // namespace edgecase
