@agent_execution
Feature: A cancelled run really stops
  Segment:          Free, Mid and Enterprise
  Business goal:    Give customers control over the agents that act in their name
  Value impact:     A run that was started by mistake stops immediately and uses nothing more
  Strategic impact: People trust agents that they can stop

  @AEC-11 @segment.free @segment.mid @segment.enterprise
  @needs.cancellation
  Rule: Customers cancel only their own runs, and cancelled runs really stop

    @smoke
    @needs.live_events
    @needs.partner
    Scenario: Cancelling a run stops its work and its events
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      When Acme cancels the run
      Then the run's request to the partner is aborted in time
      And Acme receives the cancellation in time, as the last event of the run

    @gate
    @needs.partner
    Scenario: Cancelling a run twice is harmless
      Given Acme is a Free customer
      And Acme has started an agent that waits for the partner
      And Acme has cancelled the run
      When Acme cancels the run
      Then the second cancellation is accepted like the first
      And the run is stored as cancelled

    @gate
    @needs.conversations @needs.runs_together
    @needs.partner
    Scenario: Cancelling a run leaves the other run of its conversation alone
      Given Acme is a Mid customer
      And Acme has started two agents in one conversation that wait for the partner
      When Acme cancels the run
      Then the run is stored as cancelled
      And the other run of the conversation completes

    @gate
    @needs.live_events @needs.job_records
    @needs.partner
    Scenario: A run that is cancelled twice is recorded once
      Given Acme is a Free customer
      And Acme watches events
      And Acme has started an agent that waits for the partner
      And Acme has cancelled the run
      When Acme cancels the run
      Then every service has one record of each job, and all records and events agree

    @gate @timing
    @needs.live_events
    Scenario: An agent that blocks its worker can be cancelled
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that blocks its worker
      When Acme cancels the run
      Then Acme receives the cancellation in time, as the last event of the run

    @gate @timing
    @needs.live_events
    Scenario: An agent that answers when it is cancelled is cancelled, too
      Given Acme is a Mid customer
      And Acme watches events
      And Acme has started an agent that answers when it is cancelled
      When Acme cancels the run
      Then the run is stored as cancelled
      And Acme receives the cancellation in time, as the last event of the run

    @gate @exclusive
    @needs.cloud_accounts @needs.own_services
    Scenario: Cancelled cloud analyses are not in the way of later ones
      Given Acme is a Mid customer with servers in the cloud
      When Acme cancels eight cost analyses, four at a time, while the cloud does not respond
      Then Acme can finish a cost analysis

    @gate
    @needs.colleagues @needs.operator
    @needs.partner
    Scenario: Removing a colleague cancels the colleague's waiting runs, too
      Given Acme is an Enterprise customer with stored usage
      And Ben of Acme is a member
      And Acme has started agents that take all worker capacity
      And Ben of Acme has started a usage report that waits for worker capacity
      When Acme removes Ben of Acme from the organisation
      Then the operator sees Ben of Acme's run as cancelled

    @gate
    @needs.colleagues @needs.operator
    @needs.partner
    Scenario: Removing a colleague cancels the colleague's runs
      Given Acme is an Enterprise customer
      And Ben of Acme is a member
      And Ben of Acme has started an agent that waits for the partner
      When Acme removes Ben of Acme from the organisation
      Then the run's request to the partner is aborted in time
      And the operator sees Ben of Acme's run as cancelled

    @gate
    @needs.operator
    @needs.partner
    Scenario: A run cancelled in the queue is shown as cancelled
      Given Acme is a Mid customer with stored usage
      And Acme has started agents that take all worker capacity
      And Acme has started a usage report that waits for worker capacity
      When Acme cancels the run
      Then the run is stored as cancelled
      And the operator sees Acme's run as cancelled

    @gate
    @needs.colleagues
    @needs.partner
    Scenario: An owner cannot cancel a colleague's run
      Given Ben of Acme is a member
      And Borealis is an Enterprise customer
      And Ben of Acme has started an agent that waits for the partner
      When Borealis and Acme try to cancel Ben of Acme's run before the partner responds
      Then every response is as if the run had never existed
      And Ben of Acme's run completes

    @gate
    @needs.colleagues
    @needs.partner
    Scenario: Customers cannot cancel another user's run
      Given Ben of Acme is a member
      And Borealis is an Enterprise customer
      And Acme has started an agent that waits for the partner
      When Borealis and Ben of Acme try to cancel Acme's run before the partner responds
      Then every response is as if the run had never existed
      And Acme's run completes
