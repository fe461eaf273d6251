#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/progress_bar.hpp"
#include "plugin/cli/publish/open_file.hpp"
#include "plugin/cli/publish/options.hpp"
#include "plugin/cli/publish/payload_folder.hpp"
#include "plugin/cli/server.hpp"
#include "plugin/durable_file.hpp"

#include <boost/json/serialize.hpp>

#include <ostream>
#include <system_error>
#include <utility>

namespace two_path::cli {
namespace {

constexpr std::size_t max_descriptor_artifact = 512UL * 1024 * 1024;

/// Refuses a name that is taken before a large file is read for nothing.
Result<void> check_free(const Server& server, const std::string& name, const PublishOptions& options) {
    const auto known = server.get(own_path("/releases/" + encoded(name)));
    if (known) {
        const auto* origin = !options.release.name.empty() ? ""
                             : options.wraps               ? ", the artifact's own name,"
                                                           : ", the file's name and --version,";
        return fail(Errc::conflict, "release " + name + origin +
                                        " is there already; choose another --name, or `two-path releases "
                                        "remove` it");
    }
    if (known.error().code == Errc::not_found) return {};
    return known.error();
}

Result<publishing::Publication> wrap_file(const PublishOptions& options,
                                          const publishing::Destination& destination) {
    const auto file = open_file(options.file);
    if (!file) return file.error();
    const auto judge = [&](const catalog::Artifact& artifact) {
        return options.verify ? options.verify->verify(artifact) : Result<void>();
    };
    return publishing::wrap_artifact(options.file.string(), file->source(destination.progress), judge,
                                     options.release, destination);
}

/// `server`: none when the payload goes to a folder.
Result<publishing::Publication> build(const PublishOptions& options, const Server* server,
                                      const Shell& shell) {
    std::error_code ec;
    const auto size = std::filesystem::file_size(options.file, ec);
    ProgressBar bar(shell, options.file.filename().string(), ec ? 0 : size);
    const publishing::Destination destination{
        [&](const Descriptor& descriptor) {
            return server != nullptr ? check_free(*server, descriptor.release, options) : Result<void>();
        },
        [&](publishing::WireStream& stream) {
            return server != nullptr ? server->store(stream) : keep_payload(options.payloads, stream);
        },
        [&](std::uint64_t bytes) { bar.add(bytes); },
    };
    if (options.wraps) return wrap_file(options, destination);
    return publish_file(options.file, options.plain, options.release, destination);
}

/// The signed or unsigned .mender of a publication.
Result<std::string> artifact_of(const publishing::Publication& publication, const PublishOptions& options) {
    if (!options.key) return catalog::write_artifact(publication.artifact, {});
    return catalog::write_artifact(publication.artifact,
                                   [&](std::string_view manifest) { return options.key->sign(manifest); });
}

/// Whether the server has looked and said no. After anything else it may have the artifact: a gateway that
/// gave up waiting answers 504 while Mender goes on.
bool is_refusal(const Error& error) {
    return error.code != Errc::no_route && info(error.code).http_status / 100 == 4;
}

/// The upload broke off: `why`.
Error left_open(const Error& why, const std::string& release) {
    return fail(why.code, why.detail + "; whether the server has the artifact of " + release +
                              " is not known. Before you publish it again, take back what there is of it: "
                              "two-path releases remove " +
                              release);
}

/// The plugin first, then Mender; what Mender refuses does not stay in the plugin. What it may have taken
/// does: devices that it is deployed to must find their release.
Result<std::string> announce(const Server& server, const json::object& meta_data, const std::string& release,
                             const std::string& artifact) {
    const auto added = server.register_release(meta_data);
    if (!added) return added.error();
    auto id = server.upload_artifact(artifact, "two-path release " + release);
    if (!id && !is_refusal(id.error())) return left_open(id.error(), release);
    if (!id && *added) {
        // Best effort: the refusal is what the operator must see.
        static_cast<void>(server.remove(own_path("/releases/" + encoded(release))));
    }
    // What is not told now the plugin finds out by itself.
    if (id)
        static_cast<void>(
            server.put(own_path("/releases/" + encoded(release) + "/artifact"), json::object{{"id", *id}}));
    return id;
}

/// What a device that is too slow for the payload meets.
void warn_of_time(const Descriptor& descriptor, const PublishOptions& options, const Shell& shell) {
    if (const auto warning = warning_of(options.limit, descriptor.wire_size())) shell.warn(*warning);
}

/// What comes next for an artifact that was not uploaded.
std::string next_step(const PublishOptions& options) {
    const auto upload = "`two-path publish --upload " + options.output.string();
    if (options.payloads.empty()) return "Sign " + options.output.string() + ", then " + upload + "`.";
    return upload + " --payloads " + options.payloads.string() + "` brings it to a server.";
}

/// `artifact`: its id in Mender, when it is there.
void tell(const Descriptor& descriptor, const std::string& artifact, const PublishOptions& options,
          const Shell& shell) {
    const auto& output = options.output;
    if (shell.json) {
        json::object result{{"release", descriptor.release},
                            {"version", descriptor.version},
                            {"sequence", descriptor.sequence},
                            {"payload_bytes", descriptor.wire_size()}};
        if (output.empty())
            result["artifact"] = artifact;
        else
            result["output"] = output.string();
        print_json(shell.out, result);
        return;
    }
    const auto what = descriptor.release + " (version " + descriptor.version + ", " +
                      human_size(descriptor.wire_size()) + " for the second path)";
    if (output.empty())
        shell.note("Published " + what + ".");
    else
        shell.note((options.payloads.empty() ? "Stored" : "Wrote") + (" the payload of " + what + ". ") +
                   next_step(options));
}

/// `server`: none when artifact and payload become files only.
Outcome publish_new(const PublishOptions& options, const Server* server, const Shell& shell) {
    const auto publication = build(options, server, shell);
    if (!publication) return publication.error();
    for (const auto& warning : publication->warnings)
        shell.warn(warning);
    warn_of_time(publication->descriptor, options, shell);
    const auto artifact = artifact_of(*publication, options);
    if (!artifact) return artifact.error();
    const auto& descriptor = publication->descriptor;
    std::string id;
    if (options.output.empty()) {
        auto announced = announce(*server, publication->artifact.meta_data, descriptor.release, *artifact);
        if (!announced) return announced.error();
        id = std::move(*announced);
    } else {
        if (auto written = write_durably(options.output, *artifact, 0644); !written) return written.error();
        if (server != nullptr) {
            if (auto added = server->register_release(publication->artifact.meta_data); !added)
                return added.error();
        }
    }
    tell(descriptor, id, options, shell);
    return 0;
}

/// A descriptor artifact that was written before, now perhaps signed.
Outcome upload(const PublishOptions& options, const Server& server, const Shell& shell) {
    const auto& file = options.file;
    const auto bytes = read_small_file(file, max_descriptor_artifact);
    if (!bytes) return bytes.error();
    std::size_t at = 0;
    const catalog::ByteSource source = [&](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
        const auto count = bytes->copy(reinterpret_cast<char*>(buffer.data()), buffer.size(), at);
        at += count;
        return count;
    };
    const auto artifact = catalog::read_artifact(source);
    if (!artifact) return fail(artifact.error().code, file.string() + ": " + artifact.error().detail);
    if (artifact->payload_type != "two-path")
        return fail(Errc::bad_request,
                    file.string() + ": not a two-path release; publish it without --upload");
    if (options.verify) {
        if (auto checked = options.verify->verify(*artifact); !checked)
            return fail(checked.error().code, file.string() + ": " + checked.error().detail);
    }
    const auto descriptor = parse_descriptor(json::serialize(artifact->meta_data));
    if (!descriptor) return descriptor.error();
    if (descriptor->release != artifact->name)
        return fail(Errc::bad_request, file.string() + ": the artifact's name is not the release's");
    warn_of_time(*descriptor, options, shell);
    if (!options.payloads.empty()) {
        if (auto stored = store_payloads(options.payloads, *descriptor, server); !stored)
            return stored.error();
    }
    const auto id = announce(server, artifact->meta_data, descriptor->release, *bytes);
    if (!id) return id.error();
    tell(*descriptor, *id, options, shell);
    return 0;
}

} // namespace

Outcome publish(const std::vector<std::string>& arguments, Shell& shell) {
    const auto line = publish_command_line();
    const auto given = line.parse(arguments, 1, shell);
    if (!given) return given.error();
    if (!*given) return 0;
    const auto options = read_publish_options(**given, shell);
    if (!options) return options.error();
    if (!options->uploads && !options->payloads.empty()) return publish_new(*options, nullptr, shell);
    const auto server = Server::open(shell);
    if (!server) return server.error();
    if (options->uploads) return upload(*options, *server, shell);
    return publish_new(*options, &*server, shell);
}

} // namespace two_path::cli
