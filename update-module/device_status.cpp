#include "update-module/device_status.hpp"

#include "update-module/owed_reports.hpp"
#include "update-module/state_folder.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <cstdio>

namespace two_path::device {
namespace {

void line(std::string& text, std::string_view name, const std::string& value) {
    constexpr std::size_t column = 18;
    text.append(name).append(column - name.size(), ' ').append(value).append("\n");
}

std::string with_one_decimal(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

/// `12.5 of 70.0 MiB (17 %), 1.2 MiB/s`
std::string to_text(const bulk::Progress& progress) {
    constexpr double mebi = 1024.0 * 1024;
    const auto percent = progress.total == 0 ? 100 : progress.bytes * 100 / progress.total;
    return with_one_decimal(static_cast<double>(progress.bytes) / mebi) + " of " +
           with_one_decimal(static_cast<double>(progress.total) / mebi) + " MiB (" + std::to_string(percent) +
           " %), " + with_one_decimal(progress.bytes_per_second / mebi) + " MiB/s";
}

json::value to_json(const std::optional<TransferProgress>& transfer) {
    if (!transfer) return nullptr;
    const auto& progress = transfer->progress;
    return {{"bytes", progress.bytes},
            {"total", progress.total},
            {"bytes_per_second", progress.bytes_per_second},
            {"told", transfer->told}};
}

} // namespace

Result<Status> read_status(const Settings& settings) {
    Status status;
    status.state_dir = settings.state_dir;
    status.busy = is_busy(settings.state_dir);
    auto record = RecordFile(settings.state_dir).read();
    if (!record) return record.error();
    status.update = std::move(*record);
    if (status.update) status.transfer = read_progress(settings.state_dir);
    status.last = read_last_result(settings.state_dir);
    status.owed = OwedReports(settings.state_dir).count();
    auto committed = read_committed(settings.state_dir);
    if (!committed) return committed.error();
    status.committed = std::move(*committed);
    return status;
}

std::string to_text(const Status& status) {
    std::string text;
    line(text, "two-path", TWO_PATH_VERSION);
    line(text, "state directory", status.state_dir);
    line(text, "control part", status.busy ? "busy: updates that ask are held back" : "ready");
    if (const auto& update = status.update) {
        line(text, "update", update->release);
        line(text, "  version", update->version);
        line(text, "  stream", update->stream);
        line(text, "  installer", update->installer);
        line(text, "  stage", std::string(update->stage()));
        if (status.transfer) line(text, "  transfer", to_text(status.transfer->progress));
        line(text, "  session", update->session.empty() ? "none yet" : update->session);
    } else {
        line(text, "update", "none under way");
    }
    if (const auto& last = status.last)
        line(text, "last update",
             last->release + ": " + last->result + (last->reason.empty() ? "" : " (" + last->reason + ")"));
    line(text, "reports owed", std::to_string(status.owed));
    for (const auto& [stream, sequence] : status.committed)
        line(text, "committed", stream + ", sequence " + std::to_string(sequence));
    return text;
}

std::string to_json(const Status& status) {
    json::value update = nullptr;
    if (const auto& record = status.update)
        update = {{"release", record->release},     {"version", record->version},
                  {"stream", record->stream},       {"sequence", record->sequence},
                  {"installer", record->installer}, {"stage", record->stage()},
                  {"session", record->session},     {"failed", record->is(Done::failed)}};
    json::object committed;
    for (const auto& [stream, sequence] : status.committed)
        committed[stream] = sequence;
    const json::object object{
        {"module_version", TWO_PATH_VERSION}, {"state_dir", status.state_dir},        {"busy", status.busy},
        {"update", std::move(update)},        {"transfer", to_json(status.transfer)}, {"owed", status.owed},
        {"last", to_json(status.last)},       {"committed", std::move(committed)}};
    return json::serialize(object) + "\n";
}

} // namespace two_path::device
