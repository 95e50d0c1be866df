// A poster: another thread of the subject's process, which calls notify(). It runs on a fiber and can be stopped
// at each of its system calls, before the call is made and again before it returns; what lies between two
// calls is not interrupted.
#pragma once

#include <cstdint>

#include "fakekernel/call.hpp"
#include "fakekernel/fiber.hpp"

namespace edgecase {

// Where a poster stands when it has stopped.
enum class PosterStand : std::uint8_t {
    before_call, // the call is not made yet
    in_call,     // the call is made and has not returned
    returned_ok, // notify() has returned
    returned_error,
};

struct Poster {
    fake::Fiber fiber;
    void* owner = nullptr;    // whoever runs it
    std::uint16_t number = 0; // 1 for the first
    unsigned task = 0;        // what it notifies of
    bool stops = false;       // at its system calls; else it runs to its end
    PosterStand stand = PosterStand::returned_ok;
    fake::Call call = fake::Call::write; // at which it stands
};

} // namespace edgecase
