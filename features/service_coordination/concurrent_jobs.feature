@service_coordination
Feature: Concurrent jobs stay separate
  Segment:          Mid and Enterprise
  Business goal:    Let customers submit all of their work at once
  Value impact:     Each job returns its own results, however many others are running
  Strategic impact: More customers and more work need no second platform

  @CSC-05 @segment.mid @segment.enterprise
  Rule: Many jobs that run across services at once each have consistent records

    @gate
    Scenario: Fifty customers run a job each at the same time
      Given fifty customers
      And every customer watches
      When all customers run a research job at once
      Then every connection has received all events of its own customer's runs and nothing else
      And every service has one record of each job, and all records agree
      And each job has its own results, and the partner has answered each request once

    @gate
    Scenario: Twenty jobs of one customer run at the same time
      Given Acme is a Mid customer
      And Acme watches
      When Acme runs twenty research jobs at once
      Then as many jobs ran at once as the worker capacity allows
      And every service has one record of each job, and all records agree
      And each job has its own results, and the partner has answered each request once
