// A check of core/ that fails in a program with a simulation does not end it: it ends the run, by this exception, as
// the budget does, and the oracle makes a finding of it. Outside of a run nobody catches it.
#pragma once

#include <exception>
#include <string>

#include "core/check.hpp"

namespace edgecase {

class CheckFailed final : public std::exception {
public:
    CheckFailed(const FailedCheck& check, const CheckValues& values);
    ~CheckFailed() override;

    // The failed check's line, without the folders of its file.
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_;
};

} // namespace edgecase
