@agent_execution
Feature: A run whose worker dies is not left hanging
  Segment:          Mid and Enterprise
  Business goal:    Lose a machine without losing a customer's patience
  Value impact:     Customers learn within seconds that a run was lost and can start it again
  Strategic impact: Cheap machines that may fail are what keeps our prices low

  @AEC-12 @segment.mid @segment.enterprise
  Rule: A lost run is reported in time by another worker, and never run twice; none is lost to a planned stop

    @gate @exclusive
    Scenario: The customer is told in time that the worker was lost
      Given Acme is a Mid customer
      And Acme watches
      And Acme has started an agent that waits for the partner
      When the worker of the run dies
      Then Acme is told in time that the worker was lost
      And Acme's connection has stayed open

    @gate @exclusive
    Scenario: A lost run is not run again
      Given Acme is an Enterprise customer
      And Acme has started an agent that waits for the partner
      When the worker of the run dies
      Then the run is stored as failed in time
      And the partner was asked once

    @gate @exclusive
    Scenario: A worker that is to stop finishes what it has in hand
      Given Acme is a Mid customer
      And Acme watches
      And Acme has started an agent that waits for the partner
      When the worker of the run is told to stop, and the partner answers a while later
      Then the run is stored as completed
      And Acme has received every event of the run in order, each once
