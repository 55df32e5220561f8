@service_coordination
Feature: Every service has one record of a job
  Segment:          Free, Early and Mid
  Business goal:    Bill and report from records that need no reconciliation
  Value impact:     Customers find in their reports what their agents did, no more and no less
  Strategic impact: Services can be changed one by one while the records stay correct

  @CSC-01 @segment.free @segment.early @segment.mid
  @needs.live_events @needs.job_records
  Rule: Every service records the same job, exactly once

    @smoke
    @needs.cloud_accounts
    Scenario: A cost analysis is recorded once by every service that took part
      Given Acme is an Early customer with two idle servers in the cloud
      And Acme watches events
      When Acme runs a cost analysis
      Then every service has one record of each job, and all records and events agree
      And the answer equals the savings in Acme's own inventory

    @gate
    Scenario: A failed job is recorded once, as failed
      Given Acme is a Free customer
      And Acme watches events
      When Acme runs an agent whose tool is temporarily unavailable
      Then the run is stored as failed
      And every service has one record of each job, and all records and events agree

    @gate
    @needs.time_limits
    @needs.partner
    Scenario: A job that takes too long is recorded once, as timed out
      Given Acme is an Early customer
      And Acme watches events
      When Acme starts an agent that hangs past its time limit
      Then the run is stored as timed out
      And every service has one record of each job, and all records and events agree

    @gate
    Scenario: Jobs that belong to one trace are recorded each
      Given Acme is a Mid customer with stored usage
      When Acme runs ten usage reports under one trace at the same time
      Then the analytics service has a record of each job
      And Acme finds the record of each job by its run

    @gate @exclusive
    @needs.own_services
    Scenario: A record that is delivered again is stored once
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      When Acme runs a usage report while acknowledgements of the run's job record are lost
      Then the job record was delivered more than once
      And every service has one record of each job, and all records and events agree

    @nightly @exclusive
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume @needs.own_services
    @needs.partner
    Scenario: Customers find everything, whichever service fails while they act
      When customers of several organisations act in any order, and most of them run agents while services fail
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
