#include "fakekernel/conformance/program.hpp"

#include "fakekernel/splitmix64.hpp"

namespace edgecase::fake::conformance {
namespace {

// How often each deed is done, in the order of Deed. What sleeps or forks costs a thousand times what a call does.
constexpr unsigned k_weights[k_deeds] = {
    30, // make
    80, // control
    80, // wait
    76, // put
    50, // take
    16, // timer
    12, // signal
    1,  // sleep
    20, // end
    10, // look
    12, // copy
    40, // network
    14, // file
    2,  // fork
    4,  // limit
    10, // option
    30, // wrong
};

constexpr unsigned sum_of_weights() {
    unsigned sum = 0;
    for (const unsigned weight : k_weights)
        sum += weight;
    return sum;
}

Deed draw_deed(std::uint64_t value) {
    auto left = static_cast<unsigned>(value % sum_of_weights());
    unsigned deed = 0;
    while (left >= k_weights[deed])
        left -= k_weights[deed++];
    return static_cast<Deed>(deed);
}

Operation draw(Deed deed, std::uint64_t value) {
    return Operation{deed, static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8),
                     static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 24)};
}

} // namespace

// Each begins with an epoll and a few things to watch.
Program random_program(std::uint64_t seed, unsigned length) {
    std::uint64_t random = seed;
    Program program;
    program.push_back(Operation{Deed::make, 0, 0, 0, 0});
    for (int i = 0; i < 2; ++i)
        program.push_back(draw(Deed::make, splitmix64(random)));
    while (program.size() < length) {
        const std::uint64_t value = splitmix64(random);
        program.push_back(draw(draw_deed(value & 0xffff'ffff), value >> 32));
    }
    return program;
}

} // namespace edgecase::fake::conformance
