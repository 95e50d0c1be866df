#include "fakekernel/script.hpp"

namespace edgecase::fake {

void Script::count(Call call) {
    for (ScriptEntry& entry : entries_) {
        if (entry.call != call || entry.countdown == ScriptEntry::k_passed) {
            continue;
        }
        if (entry.countdown > 0) {
            --entry.countdown;
        } else if (entry.kind != ScriptKind::fail) {
            entry.countdown = ScriptEntry::k_passed; // a place or a short answer is for one call only
        }
    }
}

bool Script::take_place(ScriptKind kind, Call call, std::uint32_t& step) {
    for (ScriptEntry& entry : entries_) {
        if (entry.kind == kind && entry.call == call && entry.countdown == 0 && !entry.reached) {
            entry.reached = true;
            step = entry.step;
            return true;
        }
    }
    return false;
}

ScriptAnswer Script::answer(Call call) {
    ScriptAnswer answer;
    for (ScriptEntry& entry : entries_) {
        if (entry.call != call || entry.countdown != 0) {
            continue;
        }
        if (entry.kind == ScriptKind::fail) {
            if (answer.error != 0) {
                continue; // an earlier fault answers this call; this one keeps its turn
            }
            answer.error = entry.error;
            entry.reached = true;
            if (entry.times != 0 && --entry.times == 0) {
                entry.countdown = ScriptEntry::k_passed;
            }
        } else if (entry.kind == ScriptKind::shorten && !entry.reached) {
            entry.reached = true;
            answer.shortened = true;
            answer.bytes = entry.value;
        }
    }
    return answer;
}

} // namespace edgecase::fake
