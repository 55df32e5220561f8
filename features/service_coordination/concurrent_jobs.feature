@service_coordination
Feature: Many jobs at once stay separate
  Segment:          Mid and Enterprise
  Business goal:    Let customers hand over all of their work at once
  Value impact:     Each job ends with its own result, however many others are at work beside it
  Strategic impact: Growth in customers and in work needs no second platform

  @CSC-05 @segment.mid @segment.enterprise
  Rule: Each of many jobs that several services carry out at once is consistent in all of their records

    @gate
    Scenario: The jobs of fifty customers at once
      Given fifty customers
      And every customer watches
      When each of them has something of their own surveyed
      Then every connection has received all events of its own customer's runs and nothing else
      And every service has each job on record once, and all records agree
      And each job was given what it had asked for, and the partner has answered each question once

    @gate
    Scenario: Twenty jobs of one customer at once
      Given Acme is a Mid customer
      And Acme watches
      When Acme has something different surveyed by each of twenty jobs at once
      Then as many jobs were at work at once as there are places for them
      And every service has each job on record once, and all records agree
      And each job was given what it had asked for, and the partner has answered each question once
