/// The command line of `two-path publish`, read and checked before anything is opened or sent.
#pragma once

#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/publish/plain_file.hpp"
#include "plugin/cli/publish/time_limit.hpp"

#include <filesystem>
#include <optional>

namespace two_path::cli {

struct PublishOptions {
    std::filesystem::path file;
    bool uploads{false}; ///< `file` is a descriptor artifact that was written with --output
    bool wraps{false};   ///< `file` is a Mender Artifact
    publishing::ReleaseOptions release;
    PlainOptions plain;                          ///< when it does not wrap
    std::optional<catalog::SignatureKey> key;    ///< signs what is made
    std::optional<catalog::SignatureKey> verify; ///< checks what is read
    std::filesystem::path output;                ///< empty: upload
    std::filesystem::path
        payloads; ///< a folder: written in place of asking a server, or stored before the upload
    TimeLimit limit;
};

/// What is said of every release, whatever it is made of: version, sequence, encoding, ...
void add_release_options(CommandLine& line);
/// These and `--name`, read and checked. bad_request names the option.
[[nodiscard]] Result<publishing::ReleaseOptions> read_release_options(const Arguments& given,
                                                                      const Shell& shell);

[[nodiscard]] CommandLine publish_command_line();
/// Asks for the key's passphrase when it has one. bad_request names the option; bad_configuration the key's
/// file.
[[nodiscard]] Result<PublishOptions> read_publish_options(const Arguments& given, const Shell& shell);

} // namespace two_path::cli
