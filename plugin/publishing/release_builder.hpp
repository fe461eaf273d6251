/// The release in the making: its files are stored one after the other, then it becomes a Publication.
#pragma once

#include "plugin/publishing/publication.hpp"

#include <map>
#include <string>

namespace two_path::publishing {

/// Where the release comes from, as Mender would have told it to the installer and to the server.
struct Origin {
    std::string name; ///< the release's, when the publisher gives none
    json::object provides;
    json::object depends;
    json::object type_info;
    json::object meta_data;
    std::string installer;
    std::vector<catalog::StateScript> scripts;
};

/// Make it, add() each file, finish(). Errors are bad_request and name the option, field or file.
class ReleaseBuilder {
  public:
    /// Checks everything that can be wrong before the first byte is stored. The destination must outlive it.
    [[nodiscard]] static Result<ReleaseBuilder> begin(const ReleaseOptions& options, Origin origin,
                                                      const Destination& destination);

    /// Stores one file of `size` plain bytes.
    [[nodiscard]] Result<DescriptorFile> add(std::string name, std::uint64_t size, catalog::ByteSource plain);
    /// A small file made here.
    [[nodiscard]] Result<DescriptorFile> add(std::string name, std::string content);
    /// What the device gets as the installer's provides, known only after the files were read.
    void provide(std::string key, std::string value);
    /// Refuses what a device would refuse.
    [[nodiscard]] Result<Publication> finish();

  private:
    explicit ReleaseBuilder(const Destination& destination)
      : destination_(&destination) {}

    const Destination* destination_;
    Publication publication_;
    Encoding encoding_{Encoding::none};
    std::map<std::string, std::string> lists_; ///< data members by name: equal files share theirs
};

} // namespace two_path::publishing
