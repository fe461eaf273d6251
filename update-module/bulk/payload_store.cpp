#include "update-module/bulk/payload_store.hpp"

#include "update-module/bulk/block_map.hpp"
#include "update-module/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace two_path::bulk {
namespace {

namespace fs = std::filesystem;
using device::storage_error;
using ftp::Descriptor;

constexpr std::uint64_t spare_room = std::uint64_t{1024} * 1024; ///< for maps and folders
constexpr std::uint64_t stat_block = 512;                        ///< the unit of st_blocks

std::string map_of(const std::string& path) {
    return path + ".map";
}

/// Reads all of `into`, or as much as the file has.
Result<std::size_t> read_at(int file, std::uint64_t offset, std::span<std::uint8_t> into,
                            const std::string& path) {
    std::size_t have = 0;
    while (have < into.size()) {
        const auto got =
            ::pread(file, into.data() + have, into.size() - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return storage_error("read", path, errno);
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return have;
}

/// Which blocks hold any data: holes need no digest to be known as missing.
std::vector<bool> blocks_with_data(int file, const BlockVerifier& verifier) {
    std::vector<bool> blocks(verifier.count());
    off_t at = 0;
    while (at < static_cast<off_t>(verifier.size())) {
        const off_t data = ::lseek(file, at, SEEK_DATA);
        if (data < 0) break;
        const off_t hole = ::lseek(file, data, SEEK_HOLE);
        if (hole <= data) break;
        const auto first = static_cast<std::uint64_t>(data) / verifier.block_size();
        const auto end = block_count(static_cast<std::uint64_t>(hole), verifier.block_size());
        for (auto block = static_cast<std::size_t>(first);
             block < std::min<std::uint64_t>(end, blocks.size()); ++block)
            blocks[block] = true;
        at = hole;
    }
    return blocks;
}

/// Whether another run of the module has it open.
bool in_use(const std::string& path) {
    const Descriptor data(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    return data && ::flock(data.get(), LOCK_EX | LOCK_NB) != 0;
}

} // namespace

StoredPayload::StoredPayload(std::string path, Descriptor data, BlockVerifier verifier)
  : Payload(std::move(verifier))
  , path_(std::move(path))
  , data_(std::move(data)) {}

Result<void> StoredPayload::recall() {
    const auto map_path = map_of(path_);
    const auto most = max_block_map(block_count(verifier_.size(), two_path::Descriptor::min_block));
    const auto text = device::read_small_file(map_path, most);
    BlockMap map{BlockMap::Kind::foreign, {}};
    if (!text || text->has_value()) map = text ? parse_block_map(**text, verifier_) : BlockMap{};
    if (map.kind == BlockMap::Kind::damaged) {
        const auto why = fail(Errc::io_error, "not a map of verified blocks");
        if (auto aside = device::set_aside(map_path, text ? why : text.error()); !aside) return aside;
    }

    const bool ours = map.kind == BlockMap::Kind::ours;
    const auto candidates = ours ? std::move(map.blocks) : blocks_with_data(data_.get(), verifier_);
    Bytes buffer(static_cast<std::size_t>(std::min(verifier_.block_size(), verifier_.size())));
    bool dropped = false;
    for (std::size_t block = 0; block < candidates.size(); ++block) {
        if (!candidates[block]) continue;
        const std::span bytes(buffer.data(), verifier_.length(block));
        const auto got = read_at(data_.get(), verifier_.offset(block), bytes, path_);
        if (!got) return got.error();
        here_[block] = *got == bytes.size() && verifier_.good(block, bytes);
        if (here_[block]) verified_bytes_ += bytes.size();
        dropped = dropped || !here_[block];
    }
    kept_bytes_ = verified_bytes_;
    if (ours ? dropped : kept_bytes_ > 0) return save();
    return {};
}

Result<void> StoredPayload::put(std::size_t block, ByteView bytes) {
    auto offset = verifier_.offset(block);
    for (auto rest = bytes; !rest.empty();) {
        const auto written = ::pwrite(data_.get(), rest.data(), rest.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return storage_error("write", path_, errno);
        rest = rest.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    if (!here_[block]) verified_bytes_ += bytes.size();
    here_[block] = true;
    since_checkpoint_ += bytes.size();
    if (since_checkpoint_ >= checkpoint_bytes) return checkpoint();
    return {};
}

Result<void> StoredPayload::put_found(std::size_t block, const Place&, ByteView bytes) {
    auto stored = put(block, bytes);
    if (stored) kept_bytes_ += bytes.size();
    return stored;
}

Result<void> StoredPayload::checkpoint() {
    return since_checkpoint_ > 0 ? save() : Result<void>();
}

Result<void> StoredPayload::save() {
    if (::fdatasync(data_.get()) != 0) return storage_error("sync", path_, errno);
    since_checkpoint_ = 0;
    return device::replace_file(map_of(path_), print_block_map(verifier_, here_));
}

Result<std::unique_ptr<StoredPayload>> PayloadStore::open(BlockVerifier verifier) {
    if (auto ready = device::make_folder(folder_); !ready) return ready.error();
    const auto path = path_of(verifier.id());
    Descriptor data(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!data) return storage_error("open", path, errno);
    if (::flock(data.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(Errc::conflict, path + " is in use by another run of the module");
    struct stat about {};
    if (::fstat(data.get(), &about) != 0) return storage_error("look at", path, errno);
    if (!S_ISREG(about.st_mode)) return fail(Errc::io_error, path + " is not a regular file");
    if (static_cast<std::uint64_t>(about.st_size) > verifier.size() &&
        ::ftruncate(data.get(), static_cast<off_t>(verifier.size())) != 0)
        return storage_error("cut", path, errno);
    std::unique_ptr<StoredPayload> payload(new StoredPayload(path, std::move(data), std::move(verifier)));
    if (auto recalled = payload->recall(); !recalled) return recalled.error();
    return payload;
}

std::uint64_t PayloadStore::missing(const std::vector<DescriptorFile>& files) const {
    std::uint64_t bytes = 0;
    std::set<std::string_view> seen;
    for (const auto& file : files) {
        if (file.empty() || !seen.insert(file.id).second) continue;
        struct stat about {};
        const bool there = ::stat(path_of(file.id).c_str(), &about) == 0;
        const auto held = there ? static_cast<std::uint64_t>(about.st_blocks) * stat_block : 0;
        bytes += file.wire_size - std::min(file.wire_size, held);
    }
    return bytes;
}

std::uint64_t PayloadStore::kept(const std::string& id) const {
    struct stat about {};
    if (::stat(path_of(id).c_str(), &about) != 0) return 0;
    const auto size = static_cast<std::uint64_t>(about.st_size);
    const auto most = max_block_map(block_count(size, two_path::Descriptor::min_block));
    const auto text = device::read_small_file(map_of(path_of(id)), most);
    return text && *text ? std::min(verified_bytes_of(**text), size) : 0;
}

std::vector<PayloadStore::Held> PayloadStore::held(const std::set<std::string>& keep) const {
    std::map<std::string, Held> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
        const auto name = entry->path().filename().string();
        const auto id = name.substr(0, name.find('.')); // a kill may leave a map alone
        struct stat about {};
        if (!is_sha256_hex(id) || keep.contains(id) || ::lstat(entry->path().c_str(), &about) != 0) continue;
        std::error_code unseen;
        const auto written = entry->last_write_time(unseen);
        auto& held = found.try_emplace(id, Held{id, written, 0}).first->second;
        held.written = std::max(held.written, written);
        held.bytes += static_cast<std::uint64_t>(about.st_blocks) * stat_block;
    }
    std::vector<Held> all;
    for (auto& [id, held] : found)
        if (!in_use(path_of(id))) all.push_back(std::move(held));
    std::ranges::sort(all, {}, &Held::written);
    return all;
}

Result<void> PayloadStore::make_room(std::uint64_t bytes, const std::set<std::string>& keep) {
    if (auto ready = device::make_folder(folder_); !ready) return ready.error();
    struct statvfs about {};
    if (::statvfs(folder_.c_str(), &about) != 0) return storage_error("look at", folder_, errno);
    const auto needed = bytes + spare_room;
    const auto free = std::uint64_t{about.f_bavail} * about.f_frsize;
    auto gained = free;
    std::vector<std::string> victims;
    for (const auto& other : needed > free ? held(keep) : std::vector<Held>()) {
        if (gained >= needed) break;
        gained += other.bytes;
        victims.push_back(other.id);
    }
    if (gained < needed)
        return fail(Errc::no_room,
                    folder_ + " needs " + std::to_string(needed) + " bytes and has " + std::to_string(free));
    for (const auto& id : victims)
        if (auto removed = remove(id); !removed) return removed;
    return {};
}

/// The data go last: what is left of a removal that was cut still shows what it is of.
Result<void> PayloadStore::remove(const std::string& id) {
    const auto path = path_of(id);
    const auto map = map_of(path);
    for (const auto& victim : {map + ".new", map + ".corrupt", map, path})
        if (::unlink(victim.c_str()) != 0 && errno != ENOENT) return storage_error("remove", victim, errno);
    return {};
}

void PayloadStore::reclaim(const std::set<std::string>& keep, std::chrono::seconds age) {
    const auto before = fs::file_time_type::clock::now() - age;
    for (const auto& other : held(keep)) {
        if (other.written >= before) return;
        static_cast<void>(remove(other.id)); // tried again with the next attempt
    }
}

} // namespace two_path::bulk
