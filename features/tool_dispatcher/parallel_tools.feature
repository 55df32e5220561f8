@tool_dispatcher
Feature: Independent tools run in parallel
  Segment:          Mid and Enterprise
  Business goal:    Answer in the time of the slowest source, not in the sum of all
  Value impact:     An analysis of many sources takes hardly longer than one of a few
  Strategic impact: Parallel calls make the larger plans visibly faster than the smaller ones

  @TLD-02 @segment.mid @segment.enterprise
  @needs.live_events
  Rule: Independent tools run in parallel, and each result belongs to its call

    @smoke
    @needs.partner
    Scenario: A second question is asked before the first is answered
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that asks the partner two questions in parallel
      Then both of Acme's questions reach the partner before either is answered
      And Acme's questions reach the partner almost at the same time
      And Acme receives the right answer to each question, in the result and in the events

    @gate
    @needs.partner
    Scenario: Six questions are asked before the first is answered
      Given Acme is an Enterprise customer
      And Acme watches events
      When Acme runs an agent that asks the partner six questions in parallel
      Then all of Acme's questions reach the partner before any is answered
      And Acme's questions reach the partner almost at the same time
      And Acme receives the right answer to each question, in the result and in the events

    @gate
    @needs.delegation @needs.partner
    Scenario: A delegate asks in parallel, too
      Given Acme is a Mid customer
      When Acme runs an agent whose delegate asks the partner two questions in parallel
      Then both of Acme's questions reach the partner before either is answered
      And Acme's questions reach the partner almost at the same time

    @gate
    @needs.cloud_accounts
    @needs.partner
    Scenario: A slow tool does not delay another
      Given Acme is an Enterprise customer with two idle servers in the cloud
      And Acme watches events
      When Acme runs an agent that lists servers while the partner is silent
      Then Acme has the list of servers before the partner responds
      And each result reports the servers as the customer's own cloud account shows them

    @gate @exclusive
    @needs.cloud_accounts @needs.own_services
    Scenario: Two questions reach the cloud before either is answered
      Given Acme is an Enterprise customer with two idle servers in the cloud
      When Acme runs an agent that asks the cloud two questions in parallel
      Then both of Acme's questions reach the cloud before either is answered

    @gate
    @needs.branches
    @needs.partner
    Scenario: Quick questions do not wait for a slow one beside them
      Given Acme is a Mid customer
      When Acme runs an agent that asks two quick questions beside one that the partner leaves open
      Then both quick questions were answered before the slow one
      And the run is stored as completed

    @gate
    @needs.branches
    @needs.partner
    Scenario: A failing tool does not stop the one beside it
      Given Acme is a Mid customer
      When Acme runs an agent that continues with one tool when the one beside it fails
      Then the other tool has given its result
      And the run is stored as completed
