#include "plugin/cli/publish/options.hpp"

#include "plugin/cli/publish/open_file.hpp"
#include "plugin/durable_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>

namespace two_path::cli {
namespace {

/// What makes no sense beside others; each is told by its name.
constexpr std::array plain_only{"installer", "device-type", "dest-dir", "meta-data"};
constexpr std::array not_for_upload{"name",      "version",      "installer", "device-type", "dest-dir",
                                    "meta-data", "version-file", "stream",    "sequence",    "allow-from",
                                    "reboot",    "encoding",     "key",       "output",      "block-size"};

Result<std::uint64_t> block_size_of(const std::string& text) {
    std::uint64_t size = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), size);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::uint64_t factor = unit == "KiB" ? 1024 : unit == "MiB" ? 1024 * 1024 : 1;
    if (ec != std::errc() || size > Descriptor::max_block || (factor == 1 && !unit.empty()))
        return wrong_usage("--block-size: `" + text + "` is not a size like 65536, 64KiB or 1MiB");
    size *= factor;
    if (!std::has_single_bit(size) || size < Descriptor::min_block || size > Descriptor::max_block)
        return wrong_usage("--block-size: `" + text + "` is not a power of two from 64KiB to 4MiB");
    return size;
}

Error no_name(const char* option) {
    return wrong_usage("--" + std::string(option) + ": must have 1 to 255 bytes without control characters");
}

Result<json::object> meta_data_of(const std::string& file) {
    const auto text = read_small_file(file, Descriptor::max_text);
    if (!text) return fail(Errc::bad_request, "--meta-data: " + text.error().detail);
    auto object = parse_object(*text, file);
    if (!object) return fail(Errc::bad_request, "--meta-data: " + object.error().detail);
    return object;
}

Result<void> check_texts(const Arguments& given) {
    for (const auto* option : {"name", "version", "stream"})
        if (given.given(option) && !is_name(given.text(option))) return no_name(option);
    for (const auto* option : {"allow-from", "device-type"})
        if (!std::ranges::all_of(given.texts(option), is_name)) return no_name(option);
    return {};
}

Result<void> check_version_file(const std::string& text) {
    const auto path = text.substr(0, text.find(':'));
    if (is_name(text) && path.starts_with('/') && !path.ends_with('/') && !text.ends_with(':')) return {};
    return wrong_usage("--version-file: `" + text +
                       "` is not PATH[:KEY] with an absolute path on the device");
}

/// One source for the version, or the word that there is none.
Result<void> read_version_rule(const Arguments& given, publishing::ReleaseOptions& release) {
    release.version = given.text("version");
    release.version_file = given.text("version-file");
    release.version_check = !given.flag("no-version-check");
    const int rules = (given.given("version-file") ? 1 : 0) + (given.flag("version-command") ? 1 : 0) +
                      (given.flag("no-version-check") ? 1 : 0);
    if (rules > 1)
        return wrong_usage("--version-file, --version-command and --no-version-check exclude each other");
    if (rules == 0)
        return wrong_usage(
            "--version-file: needed, so that the device can read the version it runs after the "
            "update, e.g. /etc/os-release:IMAGE_VERSION for a root file system; or "
            "--version-command when the devices have one, or --no-version-check");
    if (!given.given("version"))
        return wrong_usage(
            "--version: needed, the version that the device must report after the update; with "
            "--no-version-check it is only shown");
    return given.given("version-file") ? check_version_file(release.version_file) : Result<void>();
}

Result<void> read_keys(const Arguments& given, const Shell& shell, PublishOptions& options) {
    if (given.given("key")) {
        auto key = catalog::SignatureKey::read_private(given.text("key"), [&](const auto& file) {
            return shell.ask_secret("Passphrase of " + file.string() + ": ");
        });
        if (!key) return key.error();
        options.key = std::move(*key);
    }
    if (given.given("verify-key")) {
        auto key = catalog::SignatureKey::read_public(given.text("verify-key"));
        if (!key) return key.error();
        options.verify = std::move(*key);
    }
    return {};
}

Result<void> check_upload(const Arguments& given) {
    for (const auto* option : not_for_upload)
        if (given.given(option))
            return wrong_usage("--" + std::string(option) + ": the artifact of --upload has it already");
    for (const auto* option : {"ask-device", "version-command", "no-version-check"})
        if (given.flag(option))
            return wrong_usage("--" + std::string(option) + ": the artifact of --upload has it already");
    if (!given.words().empty()) return wrong_usage("FILE: --upload names the file already");
    return {};
}

/// What a file needs beside it that is no Mender Artifact.
Result<void> check_plain(const PlainOptions& plain) {
    const auto& installer = plain.installer;
    const bool wants_folder = installer == "single-file" || installer == "directory";
    if (installer.empty())
        return wrong_usage("--installer: needed for a file that is not a Mender Artifact: the update module "
                           "that installs it");
    if (!is_name(installer) || installer.find('/') != std::string::npos)
        return wrong_usage("--installer: `" + installer + "` is not the name of an update module");
    if (installer == "two-path")
        return wrong_usage(
            "--installer: `two-path` carries the file; name the update module that installs it");
    if (plain.device_types.empty())
        return wrong_usage("--device-type: needed for a file that is not a Mender Artifact");
    if (wants_folder && (!is_name(plain.dest_dir) || !plain.dest_dir.starts_with('/')))
        return wrong_usage("--dest-dir: an absolute path on the device is needed for the installer `" +
                           installer + "`");
    if (installer == "directory" && plain.dest_dir.find_first_not_of('/') == std::string::npos)
        return wrong_usage("--dest-dir: the installer `directory` does not install to /");
    if (!wants_folder && !plain.dest_dir.empty())
        return wrong_usage("--dest-dir: only the installers `single-file` and `directory` take it");
    return {};
}

Result<void> read_kind(const Arguments& given, PublishOptions& options) {
    if (const auto opened = open_file(options.file); !opened) return opened.error();
    options.wraps = !given.given("installer") && looks_like_artifact(options.file);
    if (!options.wraps) {
        if (given.given("verify-key"))
            return wrong_usage("--verify-key: the file is not a Mender Artifact, so nothing is signed");
        options.plain = {given.text("installer"), given.texts("device-type"), given.text("dest-dir"), {}};
        if (auto checked = check_plain(options.plain); !checked) return checked.error();
        if (!given.given("meta-data")) return {};
        auto meta_data = meta_data_of(given.text("meta-data"));
        if (!meta_data) return meta_data.error();
        options.plain.meta_data = std::move(*meta_data);
        return {};
    }
    for (const auto* option : plain_only)
        if (given.given(option))
            return wrong_usage("--" + std::string(option) + ": a Mender Artifact brings its own");
    return {};
}

} // namespace

Result<publishing::ReleaseOptions> read_release_options(const Arguments& given, const Shell& shell) {
    publishing::ReleaseOptions release;
    release.name = given.text("name");
    release.stream = given.text("stream");
    release.allow_from = given.texts("allow-from");
    release.ask_device = given.flag("ask-device");
    if (auto checked = check_texts(given); !checked) return checked.error();
    if (auto read = read_version_rule(given, release); !read) return read.error();
    const auto sequence = given.number("sequence", static_cast<std::uint64_t>(shell.unix_time()));
    if (!sequence) return sequence.error();
    release.sequence = *sequence;
    if (given.given("reboot")) {
        if (given.text("reboot") != "always") return wrong_usage("--reboot: the only value is `always`");
        release.reboot = Reboot::always;
    }
    if (given.given("encoding")) {
        const auto encoding = encoding_from_name(given.text("encoding"));
        if (!encoding) return wrong_usage("--encoding: must be none, gzip, xz or zstd");
        release.encoding = *encoding;
    }
    if (given.given("block-size")) {
        const auto size = block_size_of(given.text("block-size"));
        if (!size) return size.error();
        release.block_size = *size;
    }
    return release;
}

void add_release_options(CommandLine& line) {
    line.option("version", "V", "what the device must report after the update");
    line.option("version-file", "PATH[:KEY]",
                "where the device reads that, e.g. /etc/os-release:IMAGE_VERSION");
    line.flag("version-command", "the devices have a version command that tells it");
    line.flag("no-version-check", "confirm without asking the device for its version");
    line.option("stream", "NAME", "the software that it updates; default: the installer's type");
    line.option("sequence", "N", "rises with each release of a stream; default: seconds since 1970");
    line.list("allow-from", "V", "a version that may go back to this sequence; may be repeated");
    line.option("reboot", "always", "restart also when the installer does not ask for it");
    line.option("encoding", "E", "how the bytes are packed for the wire: none (default), gzip, xz, zstd");
    line.option("block-size", "SIZE", "64KiB to 4MiB, a power of two; default 1MiB");
    line.flag("ask-device", "the device's control part may put the update off (`two-path-device busy on`)");
}

CommandLine publish_command_line() {
    CommandLine line(
        "publish FILE|EXISTING.mender --version V --version-file PATH[:KEY] [OPTIONS]",
        "Makes a release: the file's bytes go to the plugin, a small artifact that describes them goes\n"
        "to Mender. The file is read once. An existing Mender Artifact is taken apart: its type,\n"
        "device types, provides, depends and state scripts come along.");
    add_release_options(line);
    line.option("name", "NAME", "the release's name; default: FILE-VERSION, or the wrapped artifact's name");
    line.option("installer", "TYPE",
                "the update module that installs a plain FILE: single-file, directory, ...");
    line.list("device-type", "TYPE", "which devices a plain FILE is for; may be repeated");
    line.option("dest-dir", "PATH", "where single-file and directory install to");
    line.option("meta-data", "FILE", "JSON object that the installer gets as its meta-data");
    line.option("key", "FILE", "private key that signs the release: RSA or ECDSA P-256, PEM");
    line.option("verify-key", "FILE", "public key that must have signed the existing artifact");
    line.option(
        "device-rate", "RATE",
        "bytes a second that the slowest device takes, or 64KiB, 1MiB, 512kbit, 2Mbit: warns when one "
        "attempt is too short for the payload");
    line.option("module-timeout", "SECONDS", "the devices' ModuleTimeoutSeconds, for that; default 14400");
    line.option("output", "FILE",
                "write the small artifact there in place of uploading it, to sign it elsewhere");
    line.option("upload", "FILE", "upload what --output wrote");
    line.option("payloads", "DIR",
                "with --output: write the payload there as well and ask no server; with --upload: store what "
                "is there");
    return line;
}

Result<PublishOptions> read_publish_options(const Arguments& given, const Shell& shell) {
    PublishOptions options;
    const auto limit = read_time_limit(given);
    if (!limit) return limit.error();
    options.limit = *limit;
    options.uploads = given.given("upload");
    options.payloads = given.text("payloads");
    if (given.given("payloads") && !options.uploads && !given.given("output"))
        return wrong_usage(
            "--payloads: goes with --output, which writes a release without a server, or with --upload");
    if (options.uploads) {
        if (auto checked = check_upload(given); !checked) return checked.error();
        options.file = given.text("upload");
        if (const auto opened = open_file(options.file); !opened) return opened.error();
        if (auto read = read_keys(given, shell, options); !read) return read.error();
        return options;
    }
    const auto words = given.words();
    if (words.empty()) return wrong_usage("FILE: which file or Mender Artifact?");
    options.file = words.front();
    options.output = given.text("output");
    auto release = read_release_options(given, shell);
    if (!release) return release.error();
    options.release = std::move(*release);
    if (auto read = read_kind(given, options); !read) return read.error();
    if (auto read = read_keys(given, shell, options); !read) return read.error();
    return options;
}

} // namespace two_path::cli
