// What a state is made of, as numbers in a fixed order: two states are the same if they give the same ones. Each part of
// a run says its own (describe()), in terms that do not tell where it lies in memory nor how long ago it came to be:
// objects by the order in which they are met, moments as distances from now.
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace edgecase::fake {

// Of 128 bits: that two of a million states meet in one by chance is no matter of practice.
struct StateHash {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    // What it is made of compares with 0, which is taken for a pointer.
    friend auto operator<=>(const StateHash&, const StateHash&) = default; // NOLINT(modernize-use-nullptr)
};

class StateDigest {
public:
    void clear() { words_.clear(); }

    template <class... T>
    requires((std::is_integral_v<T> || std::is_enum_v<T>)&&...) void add(T... values) {
        (words_.push_back(static_cast<std::uint64_t>(values)), ...);
    }

    [[nodiscard]] StateHash hash() const;
    [[nodiscard]] const std::vector<std::uint64_t>& words() const { return words_; }

private:
    std::vector<std::uint64_t> words_;
};

} // namespace edgecase::fake
