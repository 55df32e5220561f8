@configuration @gate
Feature: Secrets are replaced without interruption
  Segment:          Early, Mid, Enterprise and Platform
  Business goal:    Replace secrets on schedule, and at once after a leak
  Value impact:     Nobody is logged out or refused because a secret was replaced
  Strategic impact: Compliance with rotation rules costs no downtime

  @CFG-02 @segment.early @segment.mid @segment.enterprise @segment.platform
  @needs.configuration @needs.hot_reload @needs.sessions @needs.operator
  Rule: A replaced secret interrupts nobody, expires and is never shown

    @needs.live_events @needs.run_numbers
    Scenario: A new signing key interrupts nobody
      Given four Mid customers
      And every user watches events
      When the operator replaces the signing key while every user works and logs in again
      Then every request under load has succeeded
      And every connection has received all events of its own user's runs in order, and nothing else

    @needs.own_services @exclusive
    Scenario: A log-in works before every service has read a new key
      Given Acme is a Mid customer
      When the signing key is replaced and Acme logs in while the backend hangs, several times
      Then the backend accepts each new access token at once
      And every service accepts a new access token of Acme

    Scenario: A replaced signing key is accepted until its grace period ends
      Given Acme is an Early customer
      When the operator replaces the signing key with a grace period given in another time zone
      Then every service accepts Acme's access token until the grace period ends
      And every service refuses Acme's access token afterwards
      And every service accepts a new access token of Acme

    @needs.own_database @needs.own_stores
    Scenario: A new database login interrupts nobody
      Given four Mid customers
      When the operator replaces the database login while every user works
      Then every request under load has succeeded
      And every service has stopped using the old database login in time
      And every user can work after the old database login is locked
      And no log, no health report and no metric contains a secret

    @needs.own_stores @exclusive @needs.own_services
    Scenario: A new cache login interrupts nobody
      Given four Mid customers
      When the operator replaces the cache login while every user works
      Then every request under load has succeeded
      And every service uses the new cache login after its connections were reset
      And every user can work after the old cache login is locked
      And no log, no health report and no metric contains a secret

    @needs.partner
    Scenario: A new partner key is used from the next call on
      Given Acme is an Enterprise customer
      When the operator replaces the partner key
      Then the partner sees only the new key in Acme's calls in time
      And no log, no health report and no metric contains a secret

    @needs.own_services @needs.cloud_accounts
    Scenario: No secret is visible outside of the configuration
      Given Acme is a Mid customer with servers in the cloud
      When the operator replaces the signing key with a grace period given in another time zone
      Then every service accepts a new access token of Acme
      And no process shows a secret in its command line or environment
      And no log, no health report and no metric contains a secret
      And no process writes its memory to a disk when it crashes
