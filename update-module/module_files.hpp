/// The files of an attempt between the path that brings them and the installer: kept in the store, or passed
/// straight on.
#pragma once

#include "protocol/descriptor.hpp"
#include "update-module/bulk/payload_store.hpp"
#include "update-module/bulk/payload_stream.hpp"
#include "update-module/bulk/seeds.hpp"
#include "update-module/install/inner_download.hpp"
#include "update-module/settings.hpp"
#include "update-module/workdir.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace two_path::device {

/// `settings` and `descriptor` must outlive it.
class AttemptFiles {
  public:
    AttemptFiles(const Settings& settings, const Descriptor& descriptor);

    /// Looks for what is here already, digesting it again, and decides whether the files are kept or pass
    /// through (`store` of the settings). Before the session: it may take long. no_room; bad_block_list;
    /// conflict; io_error; time_limit; interrupted.
    [[nodiscard]] Result<void> prepare(const BlockLists& lists, DigestKind kind, Deadline deadline);

    /// In the order of the descriptor; those that are kept without those of the same content.
    [[nodiscard]] bulk::Payloads payloads() const noexcept;
    /// What must be fetched.
    [[nodiscard]] std::uint64_t missing_bytes() const noexcept;
    /// Of those that pass through; none: they are kept, and the installer's turn is when all are here.
    [[nodiscard]] bulk::BytePipe* pipe() noexcept { return pipe_ ? &*pipe_ : nullptr; }

    /// As the installer shall have them.
    [[nodiscard]] std::vector<install::InnerFile> for_installer(Deadline deadline);

  private:
    [[nodiscard]] Result<bool> keeps();
    [[nodiscard]] Result<std::vector<bulk::BlockVerifier>> verifiers(const BlockLists& lists,
                                                                     DigestKind kind) const;
    [[nodiscard]] Result<void> open_in_store(std::vector<bulk::BlockVerifier> verifiers);
    [[nodiscard]] Result<void> search_seeds(Deadline deadline);
    [[nodiscard]] Result<install::ReadBytes> read_decoded(const DescriptorFile& file, Deadline deadline);

    const Settings& settings_;
    const Descriptor& descriptor_;
    bulk::PayloadStore store_;
    std::vector<std::unique_ptr<bulk::Payload>> stored_;
    std::optional<bulk::BytePipe> pipe_;
    std::optional<bulk::Seeds> seeds_; ///< outlives the stream
    std::optional<bulk::PayloadStream> stream_;
};

} // namespace two_path::device
