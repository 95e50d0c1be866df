// calls: what kernel_fuzz keeps, run again.
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "fuzz/kernel_calls.hpp"
#include "fuzz/scenario_files.hpp"
#include "fuzz/verbs/verbs.hpp"

namespace edgecase {

int run_kernel_calls(const std::vector<std::string>& paths) {
    KernelCalls calls;
    for (const std::string& path : paths) {
        std::string error;
        const auto bytes = read_file(path, error);
        if (!bytes) {
            fmt::print(stderr, "{}\n", error);
            return k_exit_unusable;
        }
        const KernelCalls::Counts counts =
            calls.run(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size());
        fmt::print("{}: {} calls on the model, and its invariants hold\n", path, counts.calls);
    }
    return k_exit_pass;
}

} // namespace edgecase
