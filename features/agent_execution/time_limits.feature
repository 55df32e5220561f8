@agent_execution
Feature: A run that hangs is ended in time
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep one stuck partner service from becoming a support case
  Value impact:     Customers wait no longer than they agreed to, and know why
  Strategic impact: Bounded waiting lets us promise service levels

  @AEC-04 @segment.early @segment.mid @segment.enterprise
  Rule: A hanging run is ended at its time limit, the customer is told, and the worker is free again

    @gate
    Scenario: The customer is told when the time limit has passed
      Given Acme is an Early customer with stored usage
      And Acme watches
      When Acme starts an agent that hangs past its time limit
      Then Acme is told in time that the run took too long
      And the run is stored as timed out
      And Acme can finish a usage report

    @gate
    Scenario: An agent that never gives way is ended as well
      Given Acme is an Early customer
      And Acme watches
      When Acme starts an agent that blocks its worker past its time limit
      Then Acme is told in time that the run took too long
      And the run is stored as timed out

    @gate
    Scenario Outline: Hanging runs on every worker do not stop other customers
      Given Acme is a Mid customer
      And Borealis is an Enterprise customer with stored usage
      And Acme has started more runs than there are places to work, with a time limit, and they <hang>
      When Borealis starts a usage report
      Then Borealis' run ends in time all the same
      And the answer equals the totals of Borealis' own usage

      Examples:
        | hang           |
        | wait for ever  |
        | never give way |
