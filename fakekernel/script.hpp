// The script of a run: which of the subject's calls to come are to be answered otherwise than the model
// would, and where between two calls the world acts. Positions are counted from the step that says so: "the
// second recv from here". A script holds no opinion on what is possible on Linux; legal_results.hpp does.
#pragma once

#include <cstdint>
#include <vector>

#include "fakekernel/call.hpp"

namespace edgecase::fake {

enum class ScriptKind : std::uint8_t {
    fail,    // answer `error`, `times` times (0: from then on always)
    shorten, // move or answer `value` bytes only
    before,  // let the world act right before the call
    during,  // let the world act while the call sleeps
};

struct ScriptEntry {
    ScriptKind kind = ScriptKind::fail;
    Call call = Call::epoll_create1;
    std::uint32_t countdown = 0; // calls of this kind until it applies, 1: the next
    std::uint32_t times = 1;     // fail: how often; 0: always
    int error = 0;               // fail
    std::uint64_t value = 0;     // shorten: bytes
    std::uint32_t step = 0;      // the scenario's step: what to do at a place, what to name as unreached
    bool reached = false;

    static constexpr std::uint32_t k_passed = ~std::uint32_t{0}; // a countdown: its call has come and gone
    [[nodiscard]] bool is_spent() const {
        return countdown == k_passed || (reached && kind != ScriptKind::fail);
    }
};

// What the script says of one call.
struct ScriptAnswer {
    int error = 0;          // not 0: the call fails with this
    bool shortened = false; // the call moves at most `bytes`
    std::uint64_t bytes = 0;
};

class Script {
public:
    void reset() {
        entries_.clear();
        armed_ = 0;
    }

    void add(const ScriptEntry& entry) {
        entries_.push_back(entry);
        armed_ |= bit(entry.call);
    }

    // Whether any entry waits for a call of this kind: the only test on the quiet path.
    [[nodiscard]] bool concerns(Call call) const { return (armed_ & bit(call)) != 0; }

    // Counts a call of this kind down on every entry. Call once a call, before anything else is asked of it.
    void count(Call call);

    // Runs act(step) for each entry of this kind that is due at the current call, in the order of the
    // scenario. The entries are spent. act may add entries.
    template <class Act> void take_places(ScriptKind kind, Call call, Act act) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (entries_[i].kind == kind && entries_[i].call == call && entries_[i].countdown == 0 &&
                !entries_[i].reached) {
                entries_[i].reached = true;
                act(entries_[i].step);
            }
        }
    }

    // Takes at most one entry of this kind that is due at the current call; false when there is none.
    bool take_place(ScriptKind kind, Call call, std::uint32_t& step);

    // What the faults say of the current call; the first in the scenario's order wins.
    ScriptAnswer answer(Call call);

    // Every entry of the run, reached or not.
    [[nodiscard]] const std::vector<ScriptEntry>& entries() const { return entries_; }

private:
    static constexpr std::uint32_t bit(Call call) { return 1U << static_cast<unsigned>(call); }

    std::vector<ScriptEntry> entries_;
    std::uint32_t armed_ = 0;
};

} // namespace edgecase::fake
