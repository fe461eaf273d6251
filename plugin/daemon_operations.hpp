/// What the daemon does beside updates: it tells results, keeps the audit trail, forgets what is old, looks
/// at payloads that a device complains of, and warns of its certificate's end.
#pragma once

#include "plugin/config.hpp"
#include "plugin/control/audit_trail.hpp"
#include "plugin/control/doctor_api.hpp"
#include "plugin/control/payload_check.hpp"
#include "plugin/control/retention.hpp"
#include "plugin/control/tls.hpp"
#include "plugin/control/webhook.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace two_path {

/// Used by the worker, but for open() and serve(), which come before it works.
class Operations {
  public:
    /// bad_configuration. All referred to must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Operations>>
    open(const Settings& settings, const control::CertificateFiles& certificate, Executors executors,
         state::Store& store, const state::Admission& admission, const catalog::Payloads& payloads);

    /// Has `router` tell the audit trail, and gives the endpoints what they work on.
    void serve(control::Router& router, control::OperatorContext& context);
    /// The FTP server's port, once it is known.
    void second_path_port(std::uint16_t port) { facts_.second_path_port = port; }

    /// To be run on the worker, each until stop(). One that throws may be begun again.
    [[nodiscard]] std::vector<std::function<awaitable<void>()>> tasks();
    void stop();

    /// Something that the daemon does without being asked by a request.
    void note(const std::string& action, const std::string& about);

  private:
    Operations(control::AuditTrail audit, std::unique_ptr<control::Webhook> webhook,
               std::unique_ptr<control::Retention> retention, control::PayloadCheck payload_check,
               control::DoctorFacts facts, control::CertificateFiles certificate, const Executors& executors);
    awaitable<void> watch_certificate();

    control::AuditTrail audit_;
    std::unique_ptr<control::Webhook> webhook_; ///< null: nobody is told
    std::unique_ptr<control::Retention> retention_;
    control::PayloadCheck payload_check_;
    control::DoctorFacts facts_;
    control::CertificateFiles certificate_;
    boost::asio::steady_timer certificate_timer_;
    bool stopping_{false};
};

} // namespace two_path
