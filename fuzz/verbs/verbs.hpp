// The verbs of the command line, one function each: what `edgecase VERB ARGS` does. They print to standard
// output, complain on standard error, and return the exit code: 0 pass, 1 finding, 2 unusable input or
// arguments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edgecase {

inline constexpr int k_exit_pass = 0;
inline constexpr int k_exit_finding = 1;
inline constexpr int k_exit_unusable = 2;

struct ReplayOptions {
    std::vector<std::string> paths;
    bool verbose = false;      // a line for each that passes, and what was unreached
    bool linux_kernel = false; // on the real kernel as well, and compared
};
int replay(const ReplayOptions& options);

struct ShrinkOptions {
    std::string path;
    std::string out; // a new file; empty: standard output
};
int shrink_file(const ShrinkOptions& options);

struct SweepVerbOptions {
    std::vector<std::string> paths;
    bool by_class = false; // one error of each class, not every one
};
int sweep_files(const SweepVerbOptions& options);

struct SimOptions {
    std::string seeds;
    unsigned steps = 0; // of the phase with faults
    std::string json;   // a file for the report; empty: none
};
int simulate_seeds(const SimOptions& options);

struct ExploreVerbOptions {
    unsigned connections = 2;
    unsigned depth = 6;
    double seconds = 60.0;
};
// Every scenario of a small scope, from an alphabet that it prints.
int explore_scope(const ExploreVerbOptions& options);

struct CorpusMinOptions {
    std::vector<std::string> paths;
    std::string out; // a folder
};
int minimise_corpus(const CorpusMinOptions& options);

struct FormatOptions {
    std::vector<std::string> paths;
    bool in_place = false;
    bool check = false; // exit 1 if a file is not as fmt would write it
};
int format_files(const FormatOptions& options);

struct TraceOptions {
    std::vector<std::string> paths;
    bool hash_only = false;
};
int trace_files(const TraceOptions& options);

struct ConvertOptions {
    std::vector<std::string> paths;
    std::string out; // a folder; empty: standard output, and one file only
};
int encode_files(const ConvertOptions& options);
int decode_files(const ConvertOptions& options);

struct ImportOptions {
    std::string path;
    std::string out;     // a new file; empty: standard output, and the report behind it in comments
    bool strict = false; // exit 1 if something that can be compared does not agree
};
int import_file(const ImportOptions& options);

int list_things(const std::string& what);

// Reads each configuration and says what it gives; one that is accepted must give a loop that can wait.
int check_configurations(const std::vector<std::string>& paths);

// Bytes as system calls on the model, as kernel_fuzz runs them. A broken invariant aborts.
int run_kernel_calls(const std::vector<std::string>& paths);

// Every canary: an invariant, a subject that breaks it on purpose, and whether the oracle says so.
int run_canaries();

struct DiffOptions {
    double seconds = 10.0;
    std::uint64_t programs = 0; // 0: as many as fit into the seconds
    std::uint64_t seed = 1;     // of the first; the others follow
};
// Random programs of system calls, on the real kernel and on the model.
int compare_with_linux(const DiffOptions& options);

struct BenchOptions {
    std::vector<std::string> paths;
    double seconds = 2.0;
};
int bench(const BenchOptions& options);

} // namespace edgecase
