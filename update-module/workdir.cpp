#include "update-module/workdir.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/durable_file.hpp"

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace two_path::device {
namespace {

constexpr std::size_t max_line = 4 * 1024;

/// A list that the descriptor announces.
struct Announced {
    DigestKind kind{DigestKind::sha256};
    std::uint64_t size{0};
    std::string sha256; ///< of the list
};

std::map<std::string, Announced> announced_by(const Descriptor& descriptor) {
    std::map<std::string, Announced> lists;
    for (const auto& file : descriptor.files) {
        if (file.empty()) continue;
        const auto blocks = block_count(file.wire_size, descriptor.block_size);
        for (const auto& [kind, sha256] : file.blocks)
            lists.emplace(file.list_name(kind), Announced{kind, blocks * size_of(kind), sha256});
    }
    return lists;
}

/// A FIFO of the client's, read to its end; what goes beyond `limit` is read and not kept.
struct Drained {
    Bytes bytes;
    bool cut{false};
};

Result<Drained> drain(const std::string& path, std::uint64_t limit) {
    const ftp::Descriptor fifo(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fifo) return storage_error("open", path, errno);
    Drained drained;
    Bytes buffer(64 * 1024);
    for (;;) {
        const auto got = ::read(fifo.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return storage_error("read", path, errno);
        if (got == 0) return drained;
        const auto room = static_cast<std::size_t>(limit - drained.bytes.size());
        const auto kept = std::min(static_cast<std::size_t>(got), room);
        drained.bytes.insert(drained.bytes.end(), buffer.begin(),
                             buffer.begin() + static_cast<std::ptrdiff_t>(kept));
        drained.cut = drained.cut || kept < static_cast<std::size_t>(got);
    }
}

/// The next member's name, as `streams/NAME` or `streams/NAME SIZE` told it; none at the end.
Result<std::optional<std::string>> next_member(const std::string& tree) {
    const auto line = drain(tree + "/stream-next", max_line);
    if (!line) return line.error();
    if (line->bytes.empty()) return std::optional<std::string>{};
    std::string name(line->bytes.begin(), line->bytes.end());
    name.resize(std::min(name.find_first_of(" \n"), name.size()));
    constexpr std::string_view folder = "streams/";
    if (line->cut || !name.starts_with(folder) || name.find('/', folder.size()) != std::string::npos ||
        name.size() == folder.size())
        return fail(Errc::bad_descriptor, "stream-next names no stream");
    return std::optional<std::string>(name.substr(folder.size()));
}

Result<BlockList> check(const std::string& name, const Announced& announced, Drained drained) {
    if (drained.cut || drained.bytes.size() != announced.size)
        return fail(Errc::bad_block_list,
                    name + " does not have " + std::to_string(announced.size) + " bytes");
    if (digest_of(DigestKind::sha256, drained.bytes).hex() != announced.sha256)
        return fail(Errc::bad_block_list, name);
    return BlockList::parse(announced.kind, std::move(drained.bytes));
}

} // namespace

Result<Descriptor> read_descriptor(const std::string& tree) {
    const auto path = tree + "/header/meta-data";
    const auto text = read_small_file(path, Descriptor::max_text * 2);
    if (!text && text.error().code == Errc::too_large) return fail(Errc::bad_descriptor, text.error().detail);
    if (!text) return text.error();
    if (!*text) return fail(Errc::not_found, "there is no " + path);
    return parse_descriptor(**text);
}

Result<BlockLists> drain_block_lists(const std::string& tree, const Descriptor& descriptor) {
    const auto announced = announced_by(descriptor);
    std::optional<Error> first_error;
    BlockLists lists;
    for (;;) {
        const auto member = next_member(tree);
        if (!member) return member.error();
        if (!*member) break;
        const auto& name = **member;
        const auto expected = announced.find(name);
        const bool known = expected != announced.end();
        auto drained = drain(tree + "/streams/" + name, known ? expected->second.size : 0);
        if (!drained) return drained.error();
        if (!known) continue;
        auto list = check(name, expected->second, std::move(*drained));
        if (list)
            lists.insert_or_assign(name, std::move(*list));
        else if (!first_error)
            first_error = list.error();
    }
    if (first_error) return *first_error;
    for (const auto& [name, list] : announced)
        if (!lists.contains(name)) return fail(Errc::bad_block_list, name + " is missing from the artifact");
    return lists;
}

} // namespace two_path::device
