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

class ConfigurationTrial {
public:
    ConfigurationTrial();
    ~ConfigurationTrial();
    ConfigurationTrial(const ConfigurationTrial&) = delete;
    ConfigurationTrial& operator=(const ConfigurationTrial&) = delete;

    struct Result {
        Configuration configuration;
        // Empty, or the invariant that is broken and why: "accepted-config-can-wait: ...".
        std::string broken;
    };

    // The name stands in messages only.
    [[nodiscard]] Result run(std::string_view text, std::string_view file_name);

    // The two halves of it. What a refusal of this text must say; which options may be accepted and how they run.
    [[nodiscard]] static std::string broken_refusal(std::string_view text, std::string_view file_name,
                                                    std::string_view message);
    [[nodiscard]] std::string broken_options(const Options& options);

    // Since the trial was made.
    [[nodiscard]] const InvariantCounts& exercised() const;

private:
    class Harness;
    std::unique_ptr<Harness> harness_;
};

} // namespace edgecase
