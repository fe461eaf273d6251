/// Pull: who may log in to our FTP server and fetch what (docs/protocol.md, "Second path").
#pragma once

#include "ftp/visitor.hpp"
#include "plugin/bulk/pacing.hpp"
#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/state/admission.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace two_path::bulk {

struct PullSettings {
    /// Lets standard FTP clients in: USER is the session, PASS the first certification information itself, in
    /// clear. Off unless the operator knows his second path.
    bool plain_login{false};
};

class PullVisitor;

/// Certification by comparison for the FTP server's connections. Its members run on the network executor;
/// what it asks of the admission runs on the worker. Outlives the server.
class Pull : public ftp::Service {
  public:
    Pull(Executors executors, state::Admission& admission, const catalog::Payloads& payloads, Pacing& pacing,
         PullSettings settings);

    std::unique_ptr<ftp::Visitor> connected(const ftp::Peer& peer, ftp::ConnectionHandle handle) override;

    /// Closes every connection of a session whose certification died. From any thread.
    void dead(const std::string& session, const std::string& why);

  private:
    friend class PullVisitor;
    void close(const std::string& session, const std::string& why, const PullVisitor* except);

    Executors executors_;
    state::Admission& admission_;
    const catalog::Payloads& payloads_;
    Pacing& pacing_;
    PullSettings settings_;
    Certification decoy_; ///< proves what no session can, for users that are none
    /// By session, from their PASS on; the key is the visitor's own.
    std::multimap<std::string_view, PullVisitor*> visitors_;
};

} // namespace two_path::bulk
