#include "update-module/committed.hpp"

#include "update-module/durable_file.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::device {
namespace {

constexpr std::size_t max_committed = 256 * 1024;

std::string path_in(const std::string& state_dir) {
    return state_dir + "/committed.json";
}

Result<Sequences> parse(std::string_view text) {
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

} // namespace

Result<Sequences> read_committed(const std::string& state_dir) {
    const auto path = path_in(state_dir);
    const auto text = read_small_file(path, max_committed);
    if (!text && text.error().code != Errc::too_large) return text.error();
    if (text && !*text) return Sequences{};
    auto sequences = text ? parse(**text) : Result<Sequences>(text.error());
    if (sequences) return sequences;
    if (auto moved = set_aside(path, sequences.error()); !moved) return moved.error();
    return Sequences{};
}

Result<void> write_committed(const std::string& state_dir, const std::string& stream,
                             std::uint64_t sequence) {
    auto sequences = read_committed(state_dir);
    if (!sequences) return sequences.error();
    (*sequences)[stream] = sequence;
    json::object streams;
    for (const auto& [name, number] : *sequences)
        streams[name] = number;
    return replace_file(path_in(state_dir), json::serialize(json::object{{"streams", std::move(streams)}}));
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
