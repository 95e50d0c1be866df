// What the simulation asks of a scripted kernel, without its type.
#pragma once

#include "props/simulation.hpp"

namespace edgecase {

template <class Kernel> class ScriptedControl final : public KernelControl {
public:
    explicit ScriptedControl(Kernel& kernel) : kernel_(kernel) {}

    void reset() override { kernel_.reset(); }
    void signal() override { kernel_.signal(); }
    void alarm() override { kernel_.alarm(); }
    [[nodiscard]] std::size_t blocks_in_use() const override { return kernel_.blocks_in_use(); }

private:
    Kernel& kernel_;
};

} // namespace edgecase
