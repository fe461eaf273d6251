#include "update-module/last_result.hpp"

#include "update-module/durable_file.hpp"
#include "update-module/log.hpp"
#include "update-module/seal.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <cstdio>
#include <ctime>

namespace two_path::device {
namespace {

constexpr std::size_t max_result_file = 16 * 1024;

std::string last_result_path(const std::string& state_dir) {
    return state_dir + "/last.json";
}

json::object object_of(const LastResult& last) {
    json::object object{
        {"release", last.release}, {"version", last.version}, {"result", last.result}, {"ended", last.ended}};
    if (!last.reason.empty()) object["reason"] = last.reason;
    if (last.transfer) object["transfer"] = last.transfer->to_json();
    return object;
}

Result<LastResult> parse_last_result(std::string_view text) {
    if (auto whole = check_seal(text); !whole) return whole.error();
    const auto object = parse_object(text, "the last result");
    if (!object) return object.error();
    Fields fields(*object, "the last result");
    LastResult last;
    last.release = fields.text("release");
    last.version = fields.text_or("version", "");
    last.result = fields.text("result");
    last.reason = fields.text_or("reason", "");
    last.ended = static_cast<std::int64_t>(fields.number("ended"));
    if (!fields.ok()) return fields.error();
    if (fields.has("transfer")) {
        auto transfer = messages::TransferReport::parse(json::serialize(fields.object("transfer")));
        if (!transfer) return transfer.error();
        last.transfer = std::move(*transfer);
    }
    return last;
}

void line(std::string& text, std::string_view name, std::string_view value) {
    text.append("two_path_").append(name).append("=");
    for (const char c : value)
        text.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c);
    text.push_back('\n');
}

std::string utc(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string thousandths(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.3f", value);
    return text.data();
}

} // namespace

LastResult result_of(const Record& record, std::int64_t now) {
    LastResult last{record.release, record.version, "failed", record.reason, record.transfer, now};
    if (record.stays()) {
        last.result = "committed";
        last.reason.clear();
        return last;
    }
    if (record.is(Done::rolled_back)) last.result = "rolled_back";
    if (last.reason.empty())
        last.reason = info(record.is(Done::rolled_back) ? Errc::rolled_back : Errc::interrupted).reason;
    return last;
}

Result<void> write_last_result(const std::string& state_dir, const LastResult& last) {
    return replace_file(last_result_path(state_dir), sealed(object_of(last)));
}

std::optional<LastResult> read_last_result(const std::string& state_dir) {
    const auto text = read_small_file(last_result_path(state_dir), max_result_file);
    if (text && !*text) return std::nullopt;
    auto last = text ? parse_last_result(**text) : Result<LastResult>(text.error());
    if (last) return std::move(*last);
    say(last_result_path(state_dir) + " cannot be used: " + last.error().message());
    return std::nullopt;
}

std::string inventory_text(const std::optional<LastResult>& last) {
    std::string text;
    line(text, "version", TWO_PATH_VERSION);
    line(text, "last_result", last ? last->result : "none");
    if (!last) return text;
    if (!last->reason.empty()) line(text, "last_reason", last->reason);
    line(text, "last_release", last->release);
    line(text, "last_ended", utc(last->ended));
    if (const auto& transfer = last->transfer) {
        line(text, "last_path", transfer->path);
        line(text, "last_digest", transfer->digest);
        line(text, "last_bytes", std::to_string(transfer->bytes));
        line(text, "last_cpu_seconds", thousandths(transfer->cpu_seconds));
    }
    return text;
}

json::value to_json(const std::optional<LastResult>& last) {
    if (!last) return nullptr;
    return object_of(*last);
}

} // namespace two_path::device
