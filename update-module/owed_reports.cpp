#include "update-module/owed_reports.hpp"

#include "update-module/durable_file.hpp"
#include "update-module/log.hpp"
#include "update-module/seal.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace two_path::device {
namespace {

constexpr std::size_t max_report = 16 * 1024;
constexpr std::size_t digits = 12;
constexpr std::string_view suffix = ".json";

bool is_report_name(std::string_view name) {
    return name.size() == digits + suffix.size() && name.ends_with(suffix) &&
           name.find_first_not_of("0123456789") == digits;
}

std::uint64_t number_of(const std::string& path) {
    const auto name = std::filesystem::path(path).filename().string();
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + digits, number);
    return number;
}

std::string name_for(std::uint64_t number) {
    auto text = std::to_string(number);
    text.insert(0, digits - std::min(digits, text.size()), '0');
    return text.append(suffix);
}

Result<OwedReport> parse_owed_report(std::string_view text) {
    if (auto whole = check_seal(text); !whole) return whole.error();
    const auto object = parse_object(text, "the report");
    if (!object) return object.error();
    Fields fields(*object, "the report");
    OwedReport owed{fields.text("session"), {}};
    const bool progress = fields.has("progress");
    const auto body = json::serialize(fields.object(progress ? "progress" : "failure"));
    if (fields.ok() && !is_nonce(owed.session)) fields.refuse("`session` is none");
    if (!fields.ok()) return fields.error();
    if (progress) {
        const auto parsed = messages::Progress::parse(body);
        if (!parsed) return parsed.error();
        owed.report = *parsed;
    } else {
        auto parsed = messages::FailureReport::parse(body);
        if (!parsed) return parsed.error();
        owed.report = std::move(*parsed);
    }
    return owed;
}

json::object print(const OwedReport& owed) {
    json::object object{{"session", owed.session}};
    if (const auto* progress = std::get_if<messages::Progress>(&owed.report))
        object["progress"] = progress->to_json();
    if (const auto* failure = std::get_if<messages::FailureReport>(&owed.report))
        object["failure"] = failure->to_json();
    return object;
}

} // namespace

OwedReports::OwedReports(const std::string& state_dir)
  : folder_(state_dir + "/owed") {}

std::vector<std::string> OwedReports::paths() const {
    std::vector<std::string> found;
    std::error_code ec;
    for (std::filesystem::directory_iterator entry(folder_, ec), end; !ec && entry != end;
         entry.increment(ec))
        if (is_report_name(entry->path().filename().string())) found.push_back(entry->path().string());
    std::ranges::sort(found);
    return found;
}

Result<void> OwedReports::add(const OwedReport& report) {
    if (auto made = make_folder(folder_); !made) return made;
    const auto present = paths();
    const auto next = present.empty() ? 1 : number_of(present.back()) + 1;
    auto written = replace_file(folder_ + "/" + name_for(next), sealed(print(report)));
    if (!written) return written;
    for (std::size_t i = 0; i + most <= present.size(); ++i) {
        say("more than " + std::to_string(most) + " reports are owed; the oldest, " + present[i] +
            ", is dropped");
        if (auto removed = remove_file(present[i]); !removed) say(removed.error().message());
    }
    return {};
}

std::vector<OwedReports::Entry> OwedReports::list() const {
    std::vector<Entry> entries;
    for (auto& path : paths()) {
        const auto text = read_small_file(path, max_report);
        auto report = text && *text
                          ? parse_owed_report(**text)
                          : Result<OwedReport>(text ? fail(Errc::not_found, "it is gone") : text.error());
        if (report)
            entries.push_back({std::move(path), std::move(*report)});
        else if (auto moved = set_aside(path, report.error()); !moved)
            say(moved.error().message());
    }
    return entries;
}

Result<void> OwedReports::remove(const Entry& entry) const {
    return remove_file(entry.path);
}

std::size_t OwedReports::count() const {
    return paths().size();
}

} // namespace two_path::device
