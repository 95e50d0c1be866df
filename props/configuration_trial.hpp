// A configuration text put to the test. If it is refused, the message must say where; if it is accepted, its options
// must lie within their bounds, and a reactor that is started with just these must be able to wait and to serve: it
// runs a small scenario on the model, under the whole oracle (accepted-config-can-wait above all).
//
// Only the number of connections is cut for that run: a table of millions takes longer to fill than anything else,
// and no wait depends on it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/configuration.hpp"
#include "props/invariants.hpp"

namespace edgecase {

// Virtual, because a mutant of core/ comes with one of its own (props/subject_kit.hpp).
class ConfigurationTrial {
public:
    virtual ~ConfigurationTrial() = default;

    struct Result {
        Configuration configuration;
        // Empty, or the invariant that is broken and why: "accepted-config-can-wait: ...".
        std::string broken;
    };

    // The name stands in messages only.
    [[nodiscard]] virtual Result run(std::string_view text, std::string_view file_name) = 0;

    // The two halves of it. What a refusal of this text must say; which options may be accepted and how they run.
    [[nodiscard]] static std::string broken_refusal(std::string_view text, std::string_view file_name,
                                                    std::string_view message);
    [[nodiscard]] virtual std::string broken_options(const Options& options) = 0;

    // Since the trial was made.
    [[nodiscard]] virtual const InvariantCounts& exercised() const = 0;
};

// Of core/'s reader and reactor.
[[nodiscard]] std::unique_ptr<ConfigurationTrial> make_configuration_trial();

} // namespace edgecase
