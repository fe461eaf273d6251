#include "update-module/record.hpp"

#include "protocol/certification.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/seal.hpp"

#include <boost/json/serialize.hpp>

#include <array>

namespace two_path::device {
namespace {

constexpr std::size_t max_record = 64 * 1024;
constexpr std::array<std::string_view, 12> done_names{
    "stored",    "transferred",      "invalidated", "downloaded", "installed",   "restart_asked",
    "confirmed", "compared_offline", "committing",  "committed",  "rolled_back", "failed"};

} // namespace

std::string_view name_of(Done done) noexcept {
    return done_names[static_cast<std::size_t>(done)];
}

bool Record::stays() const noexcept {
    if (is(Done::rolled_back)) return false;
    return is(Done::committed) || (is(Done::committing) && !is(Done::failed));
}

std::string_view Record::stage() const noexcept {
    for (auto i = done_names.size(); i-- > 0;)
        if (const auto done = static_cast<Done>(i); done != Done::compared_offline && is(done))
            return done_names[i];
    return session.empty() ? "opening" : "opened";
}

Result<Record> Record::parse(std::string_view text) {
    if (auto whole = check_seal(text); !whole) return whole.error();
    const auto object = parse_object(text, "the record");
    if (!object) return object.error();
    Fields fields(*object, "the record");
    const auto written_format = fields.number("format");
    if (fields.ok() && written_format != Record::format)
        return fail(Errc::unsupported, "the record has format " + std::to_string(written_format));
    Record record;
    record.attempt = fields.text("attempt");
    record.session = fields.text_or("session", "");
    record.release = fields.text("release");
    record.version = fields.text_or("version", "");
    record.stream = fields.text("stream");
    record.sequence = fields.number("sequence");
    record.installer = fields.text_or("installer", "");
    record.reboot = fields.text_or("reboot", "");
    record.version_file = fields.text_or("version_file", "");
    record.version_check = fields.boolean_or("version_check", true);
    record.files = fields.texts_or_none("files");
    if (fields.has("streamed")) record.streamed = fields.number("streamed");
    record.boot_id = fields.text("boot_id");
    record.confirmed_boot_id = fields.text_or("confirmed_boot_id", "");
    record.certification = fields.text_or("certification", "");
    record.reason = fields.text_or("reason", "");
    if (fields.has("transfer")) {
        auto transfer = messages::TransferReport::parse(json::serialize(fields.object_or_empty("transfer")));
        if (transfer)
            record.transfer = std::move(*transfer); // for people only: without it the attempt goes on
    }
    if (fields.ok() && !is_nonce(record.attempt)) fields.refuse("`attempt` is none");
    if (fields.ok() && !record.session.empty() && !is_nonce(record.session))
        fields.refuse("`session` is none");
    for (const auto& id : record.files)
        if (fields.ok() && !is_sha256_hex(id)) fields.refuse("`files` must hold SHA-256 values in hex");
    for (const auto& name : fields.texts_or_none("done"))
        for (std::size_t i = 0; i < done_names.size(); ++i)
            if (done_names[i] == name) record.set(static_cast<Done>(i));
    if (!fields.ok()) return fields.error();
    return record;
}

json::object Record::to_json() const {
    json::array done;
    for (std::size_t i = 0; i < done_names.size(); ++i)
        if (is(static_cast<Done>(i))) done.emplace_back(done_names[i]);
    json::object object{{"format", format},
                        {"attempt", attempt},
                        {"session", session},
                        {"release", release},
                        {"version", version},
                        {"stream", stream},
                        {"sequence", sequence},
                        {"installer", installer},
                        {"reboot", reboot},
                        {"version_file", version_file},
                        {"version_check", version_check},
                        {"files", json::array(files.begin(), files.end())},
                        {"boot_id", boot_id},
                        {"confirmed_boot_id", confirmed_boot_id},
                        {"done", std::move(done)}};
    if (streamed) object["streamed"] = *streamed;
    if (!certification.empty()) object["certification"] = certification;
    if (!reason.empty()) object["reason"] = reason;
    if (transfer) object["transfer"] = transfer->to_json();
    return object;
}

Record make_record(const Descriptor& descriptor, std::string boot_id) {
    Record record;
    record.attempt = make_nonce();
    record.release = descriptor.release;
    record.version = descriptor.version;
    record.stream = descriptor.stream;
    record.sequence = descriptor.sequence;
    record.installer = descriptor.installer.type;
    record.reboot = name_of(descriptor.installer.reboot);
    record.version_file = descriptor.version_file;
    record.version_check = descriptor.version_check;
    for (const auto& file : descriptor.files)
        if (!file.empty()) record.files.push_back(file.id);
    record.boot_id = std::move(boot_id);
    return record;
}

RecordFile::RecordFile(const std::string& state_dir)
  : path_(state_dir + "/record.json") {}

Result<std::optional<Record>> RecordFile::read() const {
    const auto text = read_small_file(path_, max_record);
    if (!text && text.error().code != Errc::too_large) return text.error();
    if (text && !*text) return std::optional<Record>{};
    auto record = text ? Record::parse(**text) : Result<Record>(text.error());
    if (record) return std::optional<Record>(std::move(*record));
    if (auto moved = set_aside(path_, record.error()); !moved) return moved.error();
    return std::optional<Record>{};
}

Result<void> RecordFile::write(const Record& record) {
    auto text = sealed(record.to_json());
    auto written = replace_file(path_, text);
    wipe(text);
    return written;
}

Result<void> RecordFile::remove() {
    return remove_file(path_);
}

} // namespace two_path::device
