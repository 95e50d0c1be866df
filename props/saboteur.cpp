#include "props/saboteur.hpp"

#include <string>

#include <fcntl.h>

namespace edgecase {

namespace {

std::uint8_t& flags_of(SlotView& view, Half half) {
    return view.flags[static_cast<unsigned>(half)];
}

std::uint8_t with(std::uint8_t flags, std::uint8_t flag) {
    return static_cast<std::uint8_t>(flags | flag);
}

std::uint8_t without(std::uint8_t flags, std::uint8_t flag) {
    return static_cast<std::uint8_t>(flags & static_cast<std::uint8_t>(~flag));
}

} // namespace

void Saboteur::reset(const Config& config) {
    processing_ = false;
    add_failed_ = false;
    ++runs_;
    inner_->reset(config);
    if (sabotage_ == Sabotage::counts_its_runs) {
        host_.on_log(LogLevel::info, 0, std::to_string(runs_));
    }
}

int Saboteur::take(int fd, Transport transport) {
    if (sabotage_ == Sabotage::uses_blocking_descriptors) {
        model_.fcntl(0, fd, F_SETFL, 0);
    }
    return inner_->take(fd, transport);
}

void Saboteur::run_handler(unsigned slot, Half half) {
    if (sabotage_ != Sabotage::cuts_off_application || half != Half::write) {
        inner_->run_handler(slot, half);
    }
}

void Saboteur::close(unsigned slot, bool shared) {
    if (sabotage_ != Sabotage::keeps_descriptors) {
        inner_->close(slot, shared);
    }
}

Outcome Saboteur::add(unsigned slot, Side side, std::uint8_t flags) {
    const Outcome outcome = inner_->add(slot, side, flags);
    add_failed_ = sabotage_ == Sabotage::failed_add_sets_active && outcome == Outcome::error;
    return outcome;
}

Outcome Saboteur::del(unsigned slot, Side side, std::uint8_t flags) {
    if (sabotage_ == Sabotage::close_flag_makes_a_call) {
        flags = without(flags, k_flag_close);
    }
    return inner_->del(slot, side, flags);
}

Outcome Saboteur::process(Msec timer, std::uint8_t flags) {
    if (sabotage_ == Sabotage::never_waits) {
        return Outcome::ok;
    }
    processing_ = true;
    const Outcome outcome = inner_->process(timer, flags);
    if (sabotage_ == Sabotage::calls_handler_without_report) {
        host_.on_handler(0, Half::read);
    }
    if (sabotage_ == Sabotage::writes_an_alert) {
        host_.on_log(LogLevel::alert, 0, "the canary sings");
    }
    processing_ = false;
    return outcome;
}

Outcome Saboteur::turn() {
    if (sabotage_ == Sabotage::never_sleeps) {
        return inner_->process(0, k_flag_update);
    }
    if (sabotage_ == Sabotage::turns_twice) {
        inner_->turn();
    }
    const Outcome outcome = inner_->turn();
    if (sabotage_ == Sabotage::forgets_its_listener) {
        inner_->del(0, Side::read, 0);
    }
    return outcome;
}

void Saboteur::keep(unsigned slot) {
    if (sabotage_ != Sabotage::forgets_who_is_kept) {
        inner_->keep(slot);
    }
}

SysResult Saboteur::read(unsigned slot, void* buffer, std::size_t size) {
    if (sabotage_ == Sabotage::loses_a_byte) {
        inner_->read(slot, buffer, 1);
    }
    return inner_->read(slot, buffer, size);
}

void Saboteur::run(Queue queue) {
    const bool forgotten = queue == Queue::timers ? sabotage_ == Sabotage::forgets_timers
                                                  : sabotage_ == Sabotage::forgets_posted;
    if (!forgotten) {
        inner_->run(queue);
    }
}

SlotView Saboteur::view(unsigned slot) const {
    SlotView view = inner_->view(slot);
    if (sabotage_ == Sabotage::claims_write_is_active && view.has(Half::read, k_half_active)) {
        flags_of(view, Half::write) = with(flags_of(view, Half::write), k_half_active);
    }
    if (add_failed_) {
        flags_of(view, Half::read) = with(flags_of(view, Half::read), k_half_active);
    }
    if (sabotage_ == Sabotage::dispatches_inactive && processing_) {
        flags_of(view, Half::read) = without(flags_of(view, Half::read), k_half_active);
    }
    return view;
}

void Saboteur::on_handler(unsigned slot, Half half) {
    const bool swallowed = sabotage_ == Sabotage::swallows_handlers ||
                           (sabotage_ == Sabotage::swallows_write_handlers && half == Half::write);
    if (!swallowed) {
        host_.on_handler(slot, half);
    }
    if (sabotage_ == Sabotage::turns_in_a_handler) {
        inner_->turn();
    }
}

void Saboteur::on_file(unsigned file) {
    if (sabotage_ != Sabotage::swallows_completions) {
        host_.on_file(file);
    }
}

void Saboteur::on_notify(unsigned task) {
    if (sabotage_ != Sabotage::swallows_notifies) {
        host_.on_notify(task);
    }
}

} // namespace edgecase
