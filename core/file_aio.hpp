// A file that is read without waiting for the disk: nginx's ngx_event_aio_t. The owner keeps one for each file,
// with at most one read in flight, and finds out what came of it by asking for the same read again.
#pragma once

#include <cstdint>

#include "core/event.hpp"

namespace edgecase {

// Its flags: while a read is in flight, active is 1 and ready is 0; at all other times the reverse. Its handler
// runs from the normal queue, once for each read that is complete, unless the result was collected before.
//
// It must stay where it is while active, and while posted; so must the buffer of the read while active.
struct FileAio : Event {
    FileAio() { ready = true; }

    bool complete = false;   // a read is done, and its result not collected
    std::int64_t result = 0; // of that read: bytes, or an errno negated
    void* data = nullptr;    // the owner's
};

// What reading a file came to: nginx's byte count, NGX_AGAIN and NGX_ERROR.
struct FileRead {
    enum class Outcome : std::uint8_t {
        done,  // bytes were read, fewer than asked at the end of the file, 0 beyond it
        again, // in flight: the handler will run
        error, // its reason is in the log
    };

    Outcome outcome = Outcome::error;
    std::int64_t bytes = 0;
    int error = 0;

    static constexpr FileRead done(std::int64_t bytes) { return {Outcome::done, bytes, 0}; }
    static constexpr FileRead again() { return {Outcome::again, 0, 0}; }
    static constexpr FileRead failed(int error) { return {Outcome::error, 0, error}; }
};

} // namespace edgecase
