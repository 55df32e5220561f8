@agent_execution
Feature: A run never hangs because its worker stopped
  Segment:          Mid and Enterprise
  Business goal:    Keep customers when a machine fails
  Value impact:     Customers learn within seconds that a run was lost and can start it again
  Strategic impact: Running on cheap machines that may fail keeps our prices low

  @AEC-12 @segment.mid @segment.enterprise
  @needs.own_services
  Rule: A lost run fails in time, and no run is executed twice

    @gate @exclusive
    @needs.live_events @needs.error_codes @needs.separate_workers
    @needs.partner
    Scenario: The customer is notified in time that the worker was lost
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When the worker of the run crashes
      Then Acme is notified in time that the worker was lost
      And Acme's connection has stayed open

    @gate @exclusive
    @needs.partner
    Scenario: A lost run is not run again
      Given Acme is an Enterprise customer
      And Acme has started an agent that waits for the partner
      When the worker of the run crashes
      Then the run is stored as failed in time
      And the partner has received one request from the run

    @gate @exclusive
    @needs.live_events @needs.error_codes @needs.separate_workers
    @needs.partner
    Scenario: A lost run that has used no tool is not run again
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that blocks its worker
      When the worker of the run crashes
      Then Acme is notified in time that the worker was lost
      And the stored outcome of the run is unchanged

    @gate @exclusive
    @needs.separate_workers
    @needs.partner
    Scenario: All runs of a lost worker fail in time
      Given Acme is an Enterprise customer
      And Acme has started agents that take all worker capacity
      When the worker of the run crashes
      Then each run of that worker is stored as failed in time

    @gate @exclusive
    @needs.separate_workers
    @needs.partner
    Scenario: A run fails although its crashed worker comes back
      Given Acme is an Early customer
      And Acme has started an agent that waits for the partner
      When the worker of the run crashes and comes back while there is no other
      Then the run is stored as failed in time

    @gate @exclusive
    @needs.cancellation @needs.separate_workers
    @needs.partner
    Scenario: A lost run that was cancelled ends, too
      Given Acme is a Mid customer
      And Acme has started an agent that waits for the partner
      When the worker of the run crashes before it has noticed that Acme has cancelled the run
      Then the run is stored as cancelled in time

    @gate @exclusive
    @needs.live_events @needs.separate_workers
    @needs.partner
    Scenario: A worker taken for dead changes nothing when it wakes up
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When the worker of the run hangs until it is taken for dead, and wakes up
      Then the stored outcome of the run is unchanged
      And the partner has received one request from the run

    @gate @exclusive
    @needs.live_events @needs.run_numbers @needs.separate_workers
    @needs.partner
    Scenario: A worker that shuts down finishes its runs first
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When the worker of the run shuts down before the partner responds
      Then the run is stored as completed
      And Acme has received every event of the run in order, each once

    @gate @exclusive
    @needs.separate_workers
    @needs.partner
    Scenario: A run that outlasts the shutdown of its worker fails
      Given Acme is an Early customer
      And Acme has started an agent that waits for the partner
      When the worker of the run shuts down and the partner does not respond
      Then the run is stored as failed in time
      And the partner has received one request from the run
