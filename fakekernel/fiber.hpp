// A second thread of control that shares its thread with the first: code on a stack of its own, which stops in
// the middle of a call and goes on where its owner says. What a scenario calls a poster runs on one. A switch
// is a few instructions (Boost.Context's); the sanitizers are told of it.
//
// A fiber is used again and again and keeps its stack, so only its first start costs memory. Never two run at
// once: whoever resumes a fiber waits for it to stop or to end, and may be on a fiber itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>

namespace edgecase::fake {

class Fiber {
public:
    using Body = void (*)(void* context);

    Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    // Abandons it if it is suspended.
    ~Fiber();

    // Gets ready to call body(context), which begins at the first resume(). Not while it is suspended or runs.
    void start(Body body, void* context);

    // Lets it go on until it stops or its body has returned. An exception that leaves the body ends it and is
    // thrown by this call. Only while it is suspended.
    void resume();

    // Back to whoever resumed it; returns when it is resumed. Only on the fiber itself.
    void stop();

    // Ends it where it stands: stop() throws, and the frames on its stack are unwound. Whoever is not
    // suspended is left as it is.
    void abandon();

    [[nodiscard]] bool is_suspended() const { return state_ == State::suspended; }
    // Including that it has resumed another, and waits for that one.
    [[nodiscard]] bool is_running() const { return state_ == State::running; }

    // With a page below it that must not be touched. Deep enough for a reactor's handlers under
    // AddressSanitizer; pages that are never touched take no memory.
    static constexpr std::size_t k_stack_bytes = 256 * 1024;

private:
    enum class State : std::uint8_t { idle, suspended, running };

    // Thrown by stop() through a body that is abandoned.
    struct Unwinding {};

    // What the sanitizers want to know of a stack that is left and come back to.
    struct Stack {
        const void* bottom = nullptr;
        std::size_t size = 0;
    };

    void run_body();
    void make_stack();

    State state_ = State::idle;
    bool abandoned_ = false;
    Body body_ = nullptr;
    void* context_ = nullptr;
    std::byte* mapping_ = nullptr; // the page that must not be touched, and the stack above it
    void* own_ = nullptr;          // where to go on: of this fiber, while it is suspended
    void* resumer_ = nullptr;      // of who resumed it, while it runs
    Stack resumer_stack_;
    std::exception_ptr thrown_;

    friend struct FiberSwitch;
};

} // namespace edgecase::fake
