// Statements that depend on the version of the kernel, and calls that a container may refuse: neither is an error of the
// model's. Both are counted, and told when the tests have ended.
#pragma once

#include "fakekernel/tests/conformance/both.hpp"

namespace edgecase::fake::conformance {

// The real kernel answers as an older one did: both answers are told, and the test goes on.
void note_version(const char* statement, long answer, long of_6_18);
// The container refuses the call: the test that needs it is left out.
void note_refused(const char* call, long answer);

// answer: what this kernel says; of_6_18: what the model follows; older: what versions before it said.
template <class System> void check_version(const char* statement, long answer, long of_6_18, long older) {
    if (System::k_real && answer == older) {
        note_version(statement, answer, of_6_18);
        return;
    }
    INFO(statement);
    CHECK(answer == of_6_18);
}

enum class Facility { aio, timerfd, signalfd };

// Whether this system makes no such thing at all, for reasons of whoever runs it.
template <class System> bool refuses(System& system, Facility facility) {
    long answer = 0;
    const char* call = "io_setup";
    AioContextId context = 0;
    const SignalSet none = 0;
    switch (facility) {
    case Facility::aio: answer = system.io_setup(1, &context); break;
    case Facility::timerfd:
        call = "timerfd_create";
        answer = system.timerfd_create(k_clock_monotonic, 0);
        break;
    case Facility::signalfd:
        call = "signalfd";
        answer = system.signalfd(-1, &none, 0);
        break;
    }
    if (System::k_real && (answer == -k_enosys || answer == -k_eperm)) {
        note_refused(call, answer);
        return true;
    }
    if (facility == Facility::aio && answer == 0) {
        system.io_destroy(context);
    } else if (answer >= 0) {
        system.close(static_cast<int>(answer));
    }
    return false;
}

} // namespace edgecase::fake::conformance
