#include "update-module/committed.hpp"

#include "update-module/durable_file.hpp"
#include "update-module/log.hpp"
#include "update-module/seal.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace two_path::device {
namespace {

constexpr std::size_t max_committed = 256 * 1024;
constexpr std::array<std::string_view, 2> file_names{"/committed.json", "/committed.copy.json"};

Result<Sequences> parse_committed(std::string_view text) {
    if (auto whole = check_seal(text); !whole) return whole.error();
    const auto object = parse_object(text, "the file");
    if (!object) return object.error();
    Fields fields(*object, "the file");
    const auto& streams = fields.object("streams");
    Fields numbers(streams, "`streams`");
    Sequences sequences;
    for (const auto& [stream, value] : streams)
        sequences.emplace(stream, numbers.number(stream));
    if (!fields.ok()) return fields.error();
    if (!numbers.ok()) return numbers.error();
    return sequences;
}

/// None when there is no such file.
Result<std::optional<Sequences>> read_one(const std::string& path) {
    const auto text = read_small_file(path, max_committed);
    if (!text) return text.error();
    if (!*text) return std::optional<Sequences>{};
    auto sequences = parse_committed(**text);
    if (!sequences) return sequences.error();
    return std::optional<Sequences>(std::move(*sequences));
}

} // namespace

Result<Sequences> read_committed(const std::string& state_dir) {
    std::optional<Error> why;
    for (const auto name : file_names) {
        const auto path = state_dir + std::string(name);
        auto sequences = read_one(path);
        if (sequences && *sequences) return std::move(**sequences);
        if (sequences) continue;
        say(path + " cannot be used: " + sequences.error().message());
        why = fail(Errc::io_error,
                   "which releases this device has committed cannot be read: " + sequences.error().detail +
                       "; remove " + path + " to start anew, or set `allow_downgrade`");
    }
    if (why) return *why;
    return Sequences{};
}

Result<void> write_committed(const std::string& state_dir, const std::string& stream,
                             std::uint64_t sequence) {
    const auto before = read_committed(state_dir);
    auto sequences = before ? *before : Sequences{};
    sequences[stream] = sequence;
    json::object streams;
    for (const auto& [name, number] : sequences)
        streams[name] = number;
    const auto text = sealed({{"streams", std::move(streams)}});
    for (const auto name : file_names)
        if (auto written = replace_file(state_dir + std::string(name), text); !written) return written;
    return {};
}

Result<void> check_sequence(const Descriptor& descriptor, const Sequences& committed,
                            const std::string& running) {
    const auto last = committed.find(descriptor.stream);
    if (last == committed.end() || descriptor.sequence >= last->second) return {};
    if (!running.empty() && std::ranges::find(descriptor.allow_from, running) != descriptor.allow_from.end())
        return {};
    return fail(Errc::downgrade, "sequence " + std::to_string(descriptor.sequence) + " of stream " +
                                     descriptor.stream + ", committed is " + std::to_string(last->second));
}

} // namespace two_path::device
