// The trace of a run: every system call of the subject, every dispatch, every log line and every step, as
// records of fixed size. It holds no address and no wall time, so the same run gives the same bytes
// everywhere; the hash of those bytes is how two runs are compared. Text is made from records only when a
// person asks (props/trace_text.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "fakekernel/call.hpp"

namespace edgecase::fake {

enum class RecordKind : std::uint8_t {
    call, // what: Call; value, error; a: descriptor (allocate: bytes); b: operation, size or timeout; of a wait, c: how many events it asks for
    wait_event, // one entry of a wait's result: b: mask, c: data
    dispatch, // what: half, or 2 for a file's AIO handler; label: name; value: 1 if it is asked to close; c: slot
    notify,     // a: task
    module,     // what: step kind; label: name; value: 0 ok, 1 error
    world,      // what: step kind; label: name; value, error: what came of it
    log,        // what: level; error; b: hash of the text; c: place of the text among the lines kept
    sleep,      // the wait lets time pass: a: nanoseconds, -1 until something happens
    life,       // what: step kind; value: 0 ok, 1 error
    note,       // what: Note; label: name
    completion, // one AIO request that io_getevents took: value: its result; c: its data
    accept,     // label: name of the connection; a: name of the listener; c: slot
};

// Things worth a line of their own in a trace.
enum class Note : std::uint8_t {
    dead_name,        // an action on a name that is not open did nothing
    not_running,      // a module step while the reactor is not running did nothing
    no_slot,          // the reactor had no free connection
    fault_fired,      // the answer of the call that follows is injected
    scripted_wait,    // the answer of the wait that follows is scripted
    interrupted,      // a sleep that nothing could end was ended by a signal
    misuse,           // the first step that breaks the module's contract
    poster,           // a poster that is busy was to begin, or one that is not was to go on: nothing was done
    reactors_own,     // a module step on a listener of the reactor's did nothing
    applications_own, // a module step on a connection that the application serves did nothing
    tick,             // the interval timer's signal ends the sleep that goes on
    idle,             // there is nothing to do: `run idle` ends the sleep with a signal
    mutex_got,        // the accept mutex was asked for
    mutex_busy,
    mutex_freed, // and given back
    worker,      // a worker that lives was to start, or one that does not was to go on: nothing was done
};

// What a record's label says: nothing, one of the names of the scenario, or a thing of the subject's own.
inline constexpr std::uint16_t k_label_none = 0;
inline constexpr std::uint16_t k_label_epoll = 1;
inline constexpr std::uint16_t k_label_notify = 2;
inline constexpr std::uint16_t k_label_aio = 3;
inline constexpr std::uint16_t k_label_name = 16; // plus the name

// In place of a step, in what was done without one: the simulation itself; the default of a handler.
inline constexpr std::uint64_t k_no_step = ~std::uint64_t{0};
inline constexpr std::uint64_t k_by_default = ~std::uint64_t{1};

// Whose record it is: up from 1 the posters, up from here the workers.
inline constexpr std::uint16_t k_first_worker = 16;

struct Record {
    RecordKind kind = RecordKind::note;
    std::uint8_t what = 0;
    std::uint16_t label = k_label_none;
    std::int16_t error = 0;
    std::uint16_t who = 0; // that made the call or wrote the line: 0 the loop, a poster, a worker
    std::int64_t value = 0;
    std::int64_t a = 0;
    std::int64_t b = 0;
    std::uint64_t c = 0;
};
static_assert(sizeof(Record) == 40 && std::has_unique_object_representations_v<Record>);

class Trace {
public:
    // Forgets everything. keep: hold all records for text, however many; else memory stays bounded.
    void reset(bool keep);

    void add(const Record& record) {
        if (count_ == records_.size()) [[unlikely]] {
            make_room();
        }
        records_[count_++] = record;
    }

    // Of everything since reset.
    [[nodiscard]] std::uint64_t hash() const;

    // All records when kept, else the latest few thousand at the most.
    [[nodiscard]] std::span<const Record> records() const { return {records_.data(), count_}; }

private:
    static constexpr std::size_t k_bound = 16'384;

    void make_room();

    std::vector<Record> records_; // the first count_ are this run's
    std::size_t count_ = 0;
    std::uint64_t folded_ = 0;
    bool keep_ = false;
};

} // namespace edgecase::fake
