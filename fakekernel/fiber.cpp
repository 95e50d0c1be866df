#include "fakekernel/fiber.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/context/detail/fcontext.hpp>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDGECASE_TELLS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define EDGECASE_TELLS_SANITIZER 1
#endif
#ifdef EDGECASE_TELLS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace edgecase::fake {

namespace context = boost::context::detail;

namespace {

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "fakekernel: %s\n", what);
    std::abort();
}

void expect(bool condition, const char* what) {
    if (!condition) {
        fail(what);
    }
}

std::size_t page_bytes() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Before a switch to the stack given. fake_stack: what AddressSanitizer keeps for the stack that is left; null
// if that stack is never come back to.
void leaving([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* bottom,
             [[maybe_unused]] std::size_t size) {
#ifdef EDGECASE_TELLS_SANITIZER
    __sanitizer_start_switch_fiber(fake_stack, bottom, size);
#endif
}

// After it, on the new stack; tells which one was left.
void arrived([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** left_bottom,
             [[maybe_unused]] std::size_t* left_size) {
#ifdef EDGECASE_TELLS_SANITIZER
    __sanitizer_finish_switch_fiber(fake_stack, left_bottom, left_size);
#endif
}

} // namespace

// The first function on a fiber's stack. Never returns: there is nothing below it.
struct FiberSwitch {
    static void enter(context::transfer_t from) {
        Fiber& self = *static_cast<Fiber*>(from.data);
        arrived(nullptr, &self.resumer_stack_.bottom, &self.resumer_stack_.size);
        self.resumer_ = from.fctx;
        self.run_body();
        leaving(nullptr, self.resumer_stack_.bottom, self.resumer_stack_.size);
        context::jump_fcontext(self.resumer_, nullptr);
        fail("a fiber that has ended was resumed");
    }
};

Fiber::~Fiber() {
    expect(!is_running(), "a fiber is destroyed while it runs");
    abandon();
    if (mapping_ != nullptr) {
        ::munmap(mapping_, page_bytes() + k_stack_bytes);
    }
}

void Fiber::make_stack() {
    void* mapping = ::mmap(nullptr, page_bytes() + k_stack_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    expect(mapping != MAP_FAILED, "there is no memory for the stack of a fiber");
    mapping_ = static_cast<std::byte*>(mapping);
    expect(::mprotect(mapping_, page_bytes(), PROT_NONE) == 0, "the stack of a fiber cannot be protected");
}

void Fiber::start(Body body, void* context) {
    expect(state_ == State::idle, "a fiber is started before it has ended");
    if (mapping_ == nullptr) {
        make_stack();
    }
    body_ = body;
    context_ = context;
    abandoned_ = false;
    std::byte* const top = mapping_ + page_bytes() + k_stack_bytes;
    own_ = context::make_fcontext(top, k_stack_bytes, &FiberSwitch::enter);
    state_ = State::suspended;
}

void Fiber::resume() {
    expect(state_ == State::suspended, "a fiber is resumed that is not suspended");
    state_ = State::running;
    void* fake_stack = nullptr;
    leaving(&fake_stack, mapping_ + page_bytes(), k_stack_bytes);
    const context::transfer_t back = context::jump_fcontext(own_, this);
    arrived(fake_stack, nullptr, nullptr);
    own_ = back.fctx;
    if (thrown_ != nullptr) [[unlikely]] {
        std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
}

void Fiber::stop() {
    expect(state_ == State::running, "a fiber stops that does not run");
    if (!abandoned_) {
        state_ = State::suspended;
        void* fake_stack = nullptr;
        leaving(&fake_stack, resumer_stack_.bottom, resumer_stack_.size);
        const context::transfer_t back = context::jump_fcontext(resumer_, nullptr);
        arrived(fake_stack, &resumer_stack_.bottom, &resumer_stack_.size);
        resumer_ = back.fctx;
    }
    if (abandoned_) {
        throw Unwinding{};
    }
}

void Fiber::abandon() {
    if (state_ == State::suspended) {
        abandoned_ = true;
        resume();
    }
}

void Fiber::run_body() {
    try {
        if (!abandoned_) {
            body_(context_);
        }
    } catch (const Unwinding&) {
    } catch (...) {
        thrown_ = std::current_exception(); // must not leave this stack
    }
    state_ = State::idle;
}

} // namespace edgecase::fake
