#include "fuzz/trace_pairs.hpp"

#include <cerrno>

namespace edgecase {

namespace {

using fake::Record;
using fake::RecordKind;

constexpr std::uint64_t k_golden = 0x9e3779b97f4a7c15; // 2^64 over the golden ratio
constexpr unsigned k_shift = 51;
static_assert(TracePairs::k_counters == std::size_t{1} << (64 - k_shift));

// 0 nothing, 1 something, 2 try again, 3 another error.
unsigned outcome(const Record& record) {
    return record.error == EAGAIN ? 2U : record.error != 0 ? 3U : record.value > 0 ? 1U : 0U;
}

// What a record is, without the numbers that differ from run to run.
std::uint32_t class_of(const Record& record, std::uint16_t handled) {
    const std::uint32_t whose = record.label < fake::k_label_name ? record.label
                                : record.label == handled         ? 4U
                                                                  : 5U;
    std::uint32_t detail = 0;
    switch (record.kind) {
    case RecordKind::call:
        detail = record.what == static_cast<std::uint8_t>(fake::Call::epoll_ctl)
                     ? static_cast<std::uint32_t>(record.b)
                     : 0;
        break;
    case RecordKind::wait_event:
        // IN, OUT, ERR and HUP lie in the lowest five bits; RDHUP is bit 13.
        detail = (static_cast<std::uint32_t>(record.b) & 0x1fU) |
                 (static_cast<std::uint32_t>(record.b) >> 8 & 0x20U);
        break;
    default: break;
    }
    return static_cast<std::uint32_t>(record.kind) | static_cast<std::uint32_t>(record.what) << 4 |
           outcome(record) << 12 | whose << 14 | detail << 17 | (record.who != 0 ? 1U << 29 : 0U);
}

// The end of what handlers can do: the call that ran them is over.
bool ends_handlers(const Record& record) {
    return record.kind == RecordKind::wait_event || record.kind == RecordKind::sleep ||
           (record.kind == RecordKind::module && record.label == fake::k_label_none);
}

} // namespace

void TracePairs::count(std::span<const Record> records, Counters& counters) {
    std::uint16_t handled = fake::k_label_none;
    std::uint32_t before = 0;
    std::uint32_t long_before = 0;
    for (const Record& record : records) {
        if (record.kind == RecordKind::dispatch) {
            handled = record.label;
        } else if (ends_handlers(record)) {
            handled = fake::k_label_none;
        }
        const std::uint32_t now = class_of(record, handled) << 1 | (handled != fake::k_label_none ? 1U : 0U);
        // Fibonacci hashing: the high bits are well mixed.
        const std::uint64_t mixed = (std::uint64_t{before} << 32 | now) * k_golden;
        counters[mixed >> k_shift] = 1;
        if (handled != fake::k_label_none) {
            counters[((mixed ^ long_before) * k_golden) >> k_shift] = 1;
        }
        long_before = before;
        before = now;
    }
}

} // namespace edgecase
