#include "fuzz/part_profile.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <csignal>
#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <sys/time.h>
#include <ucontext.h>

namespace edgecase {

namespace {

constexpr std::size_t k_most_samples = 1U << 16;
constexpr long k_microseconds_a_sample = 1000; // what is asked for; the kernel's tick may be longer

// Of the signal handler, which has nobody else to tell.
std::array<std::uintptr_t, k_most_samples> samples;
volatile std::size_t sample_count = 0;

void take_sample(int, siginfo_t*, void* context) {
#if defined(__x86_64__)
    if (sample_count < k_most_samples) {
        const auto* interrupted = static_cast<const ucontext_t*>(context);
        samples[sample_count] = static_cast<std::uintptr_t>(interrupted->uc_mcontext.gregs[REG_RIP]);
        sample_count = sample_count + 1;
    }
#else
    static_cast<void>(context);
#endif
}

void set_profiling_timer(long microseconds) {
    itimerval every{};
    every.it_interval.tv_usec = microseconds;
    every.it_value.tv_usec = microseconds;
    setitimer(ITIMER_PROF, &every, nullptr);
}

// Where the program itself lies: it is the first object.
int note_base(dl_phdr_info* info, std::size_t, void* base) {
    *static_cast<std::uintptr_t*>(base) = info->dlpi_addr;
    return 1;
}

std::string demangled(const char* name) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
    return status == 0 ? std::string(text.get()) : std::string(name);
}

struct Rule {
    std::string_view word;
    Part part;
};

// The first that a name has decides: a reactor on the model has the model's name in its own.
constexpr Rule k_rules[] = {
    {"edgecase::Oracle::", Part::oracle},
    {"edgecase::Mutator::", Part::mutation},
    {"Generator::", Part::mutation},
    {"edgecase::Random::", Part::mutation},
    {"edgecase::decode(", Part::bytes},
    {"edgecase::encode(", Part::bytes},
    {"::Decoder::", Part::bytes},
    {"::Encoder::", Part::bytes},
    {"edgecase::Reactor<", Part::reactor},
    {"edgecase::EpollModule<", Part::reactor},
    {"edgecase::NotifyChannel<", Part::reactor},
    {"edgecase::AioChannel<", Part::reactor},
    {"edgecase::Acceptor<", Part::reactor},
    {"edgecase::CoreSubject<", Part::reactor},
    {"edgecase::ConnectionTable::", Part::reactor},
    {"edgecase::PostedQueue::", Part::reactor},
    {"edgecase::ReusableQueue::", Part::reactor},
    {"edgecase::Timers::", Part::reactor},
    {"edgecase::Cycle::", Part::reactor},
    {"edgecase::log_", Part::reactor},
    {"edgecase::fake::Trace::", Part::simulation},
    {"edgecase::fake::", Part::kernel_model},
    {"edgecase::", Part::simulation},
};

} // namespace

std::string_view part_name(Part part) {
    constexpr std::array<std::string_view, k_parts> k_names{
        "kernel model", "reactor", "oracle", "simulation", "byte form", "mutation", "others"};
    return k_names[static_cast<unsigned>(part)];
}

Part part_of(std::string_view function) {
    for (const Rule& rule : k_rules) {
        if (function.find(rule.word) != std::string_view::npos) {
            return rule.part;
        }
    }
    return Part::others;
}

PartProfile::PartProfile() {
    read_symbols();
    sample_count = 0;
    struct sigaction action {};
    action.sa_sigaction = take_sample;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    set_profiling_timer(k_microseconds_a_sample);
    running_ = true;
}

PartProfile::~PartProfile() {
    if (running_) {
        static_cast<void>(stop());
    }
}

std::array<std::uint64_t, k_parts> PartProfile::stop() {
    set_profiling_timer(0);
    std::signal(SIGPROF, SIG_IGN);
    running_ = false;
    std::array<std::uint64_t, k_parts> counts{};
    for (std::size_t i = 0; i < sample_count; ++i) {
        const auto behind =
            std::upper_bound(functions_.begin(), functions_.end(), samples[i],
                             [](std::uintptr_t at, const Function& one) { return at < one.begin; });
        const bool is_known = behind != functions_.begin() && samples[i] < end_;
        ++counts[static_cast<unsigned>(is_known ? std::prev(behind)->part : Part::others)];
    }
    return counts;
}

// The table of the program's file has the functions of no other file too, which the dynamic one has not.
void PartProfile::read_symbols() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto at = [&](std::uint64_t offset, std::uint64_t size) -> const char* {
        return offset <= bytes.size() && size <= bytes.size() - offset ? bytes.data() + offset : nullptr;
    };
    const char* head = at(0, sizeof(Elf64_Ehdr));
    if (head == nullptr || std::memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_CLASS] != ELFCLASS64) {
        return;
    }
    Elf64_Ehdr header;
    std::memcpy(&header, head, sizeof(header));
    const char* table = at(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
    if (table == nullptr) {
        return;
    }
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    std::memcpy(sections.data(), table, sections.size() * sizeof(Elf64_Shdr));
    std::uintptr_t base = 0;
    dl_iterate_phdr(note_base, &base);
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) {
            continue;
        }
        const Elf64_Shdr& names = sections[section.sh_link];
        const char* symbols = at(section.sh_offset, section.sh_size);
        const char* text = at(names.sh_offset, names.sh_size);
        if (symbols == nullptr || text == nullptr) {
            return;
        }
        for (std::uint64_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
            Elf64_Sym symbol;
            std::memcpy(&symbol, symbols + i * sizeof(symbol), sizeof(symbol));
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value != 0 &&
                symbol.st_name < names.sh_size) {
                functions_.push_back({base + symbol.st_value, part_of(demangled(text + symbol.st_name))});
                end_ = std::max<std::uintptr_t>(end_, base + symbol.st_value + symbol.st_size);
            }
        }
    }
    std::sort(functions_.begin(), functions_.end(),
              [](const Function& a, const Function& b) { return a.begin < b.begin; });
}

} // namespace edgecase
