// What the module reads from the device's storage: its configuration, its record, what was committed, what it
// owes, the version file of what is installed. The first byte chooses which.
#include "tests/fuzz/target.hpp"
#include "tests/support/temporary_folder.hpp"
#include "update-module/committed.hpp"
#include "update-module/install/version.hpp"
#include "update-module/last_result.hpp"
#include "update-module/record.hpp"
#include "update-module/settings.hpp"

#include <boost/json/serialize.hpp>

#include <fstream>

using namespace two_path;
using namespace two_path::fuzz;

namespace {

/// A folder whose file `name` is the input.
const std::string& folder_with(const std::string& name, std::string_view text) {
    static const tests::TemporaryFolder folder;
    static const std::string path = folder.path().string();
    std::ofstream(path + "/" + name, std::ios::binary) << text;
    return path;
}

void read_record(std::string_view text) {
    const auto record = device::Record::parse(text);
    if (!record) return;
    const auto said = boost::json::serialize(record->to_json());
    const auto again = device::Record::parse(said);
    promise(again && boost::json::serialize(again->to_json()) == said, "what is said is understood the same");
}

void read_configuration(std::string_view text) {
    const auto settings = device::load_settings(folder_with("two-path.conf", text) + "/two-path.conf", true);
    if (!settings)
        promise(settings.error().code == Errc::bad_configuration, "a wrong configuration is called so");
}

void read_sequences(std::string_view text) {
    (void)device::read_committed(folder_with("committed.json", text));
}

void read_last(std::string_view text) {
    (void)device::read_last_result(folder_with("last.json", text));
}

void read_value(std::string_view text) {
    const auto key = take_until(text, "\n");
    if (const auto value = install::value_of(text, key))
        promise(value->find('\n') == std::string::npos, "a version is one line");
}

using Reader = void (*)(std::string_view);
constexpr Reader readers[] = {read_record, read_configuration, read_sequences, read_last, read_value};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    readers[data[0] % std::size(readers)](text_of(data + 1, size - 1));
    return 0;
}
