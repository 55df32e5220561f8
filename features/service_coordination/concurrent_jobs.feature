@service_coordination
Feature: Concurrent jobs stay separate
  Segment:          Mid and Enterprise
  Business goal:    Let customers submit all of their work together
  Value impact:     Each job returns its own results, however many others are running
  Strategic impact: More customers and more work need no second platform

  @CSC-05 @segment.mid @segment.enterprise
  @needs.live_events
  Rule: Concurrent jobs have separate and consistent records in every service

    @gate
    @needs.run_numbers
    @needs.partner
    Scenario: Fifty customers run a job each at the same time
      Given fifty customers
      And every user watches events
      When every user runs a research job at the same time
      Then every connection has received all events of its own user's runs in order, and nothing else
      And each job has its own results, and the partner has answered each request once

    @gate
    @needs.partner
    Scenario: Twenty jobs of one customer run under one trace
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs twenty research jobs under one trace at the same time
      Then as many jobs ran in parallel as the worker capacity allows
      And each job has its own results, and the partner has answered each request once

    @gate
    @needs.job_records
    @needs.partner
    Scenario: Concurrent jobs of fifty customers have a record each
      Given fifty customers
      And every user watches events
      When every user runs a research job at the same time
      Then every service has one record of each job, and all records and events agree

    @gate
    @needs.job_records
    @needs.partner
    Scenario: Twenty concurrent jobs of one customer have a record each
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs twenty research jobs at the same time
      Then every service has one record of each job, and all records and events agree

    @gate
    Scenario: Concurrent usage reports of many customers each use their own data
      Given ten customers with stored usage
      When every user runs a usage report
      Then each answer equals what the customer's own data gives
