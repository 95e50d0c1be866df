// Regular files: read(2), pread(2). There is no write: they are open for reading only.
#include <algorithm>
#include <array>
#include <cstdint>

#include "fakekernel/model.hpp"

namespace edgecase::fake {

namespace {

constexpr std::size_t k_period = 65'536; // of file_byte()

std::array<unsigned char, k_period> one_period() {
    std::array<unsigned char, k_period> bytes{};
    for (std::size_t offset = 0; offset < k_period; ++offset)
        bytes[offset] = file_byte(offset);
    return bytes;
}

} // namespace

void copy_file_bytes(std::uint64_t offset, unsigned char* to, std::size_t count) {
    static const std::array<unsigned char, k_period> period = one_period();
    while (count > 0) {
        const std::size_t first = offset % k_period;
        const std::size_t piece = std::min(count, k_period - first);
        to = std::copy_n(period.data() + first, piece, to);
        offset += piece;
        count -= piece;
    }
}

SysResult Model::open_regular(Pid pid, std::uint64_t size_bytes, FileStore store, int flags) {
    const SysResult number = reserve(pid);
    if (number.failed()) return number;
    const Index object = regular_.acquire();
    regular_[object].size_bytes = size_bytes;
    regular_[object].store = store;
    return open_file(pid, FileKind::regular, object, k_o_largefile | (flags & k_o_nonblock),
                     (flags & k_o_cloexec) != 0);
}

// generic_file_read_iter(): what there is between the place and the end; nothing past it (S-160).
SysResult Model::read_regular_at(Index file, void* buffer, std::size_t size, std::uint64_t offset) const {
    const std::uint64_t size_bytes = regular_[files_[file].object].size_bytes;
    const std::uint64_t left = offset < size_bytes ? size_bytes - offset : 0;
    const std::size_t count = std::min<std::uint64_t>(size, left);
    if (count > 0 && buffer == nullptr) return SysResult::fail(k_efault);
    copy_file_bytes(offset, static_cast<unsigned char*>(buffer), count);
    return SysResult::ok(static_cast<std::int64_t>(count));
}

SysResult Model::read_regular(Index file, void* buffer, std::size_t size) {
    RegularFile& regular = regular_[files_[file].object];
    const SysResult result = read_regular_at(file, buffer, size, regular.position);
    if (!result.failed()) regular.position += static_cast<std::uint64_t>(result.value);
    return result;
}

// ksys_pread64(): the offset is looked at first, then the number; only what has places can be read at one
// (pread(2), ESPIPE).
SysResult Model::pread(Pid pid, int fd, void* buffer, std::size_t size, std::int64_t offset) {
    if (offset < 0) return SysResult::fail(k_einval);
    const Index file = find_file(pid, fd);
    if (file == k_none) return SysResult::fail(k_ebadf);
    const FileKind kind = files_[file].kind;
    if (kind != FileKind::regular && kind != FileKind::standard) return SysResult::fail(k_espipe);
    if (!fits_user_space(size)) return SysResult::fail(k_efault);
    if (offset > INT64_MAX - static_cast<std::int64_t>(size))
        return SysResult::fail(k_einval); // rw_verify_area()
    if (kind == FileKind::standard) return SysResult::ok(0);
    return read_regular_at(file, buffer, size, static_cast<std::uint64_t>(offset));
}

} // namespace edgecase::fake
