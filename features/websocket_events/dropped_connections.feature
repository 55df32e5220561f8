@websocket_events
Feature: A dropped connection loses nothing
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep customers who work on unreliable networks
  Value impact:     Users see the whole analysis, wherever they are
  Strategic impact: Trust in live results is what the chat product sells

  @WSE-03 @segment.early @segment.mid @segment.enterprise
  Rule: What was missed arrives after reconnecting, in order and once, or the customer is told that it cannot

    @smoke
    Scenario: The connection is reset in the middle of a run
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches a running cost analysis
      When Acme's connection is reset, the run ends and Acme reconnects
      Then Acme has received every event of the run in order, each once
      And nothing that Acme received is missing or doubled
      And the answer equals the savings in Acme's own inventory

    @gate
    Scenario: A line that has gone dead is noticed on both sides
      Given Acme is an Early customer with servers in the cloud
      And Acme watches a running cost analysis
      When Acme's line goes dead after its heartbeat was heard
      Then Acme notices in time that the line is dead
      And the platform closes the dead connection in time

    @gate
    Scenario: What was missed on a dead line is shown on a new one
      Given Acme is an Early customer with servers in the cloud
      And Acme watches a running cost analysis
      And Acme's line has gone dead and the run has ended
      When Acme reconnects over a line that works
      Then Acme has received every event of the run in order, each once
      And nothing that Acme received is missing or doubled

    @gate
    Scenario Outline: On a bad line events come late and never wrong
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches over a <bad> line
      When Acme runs a cost analysis
      Then Acme has received every event of the run in order, each once
      And nothing that Acme received is missing or doubled
      And the events came as late as the line is <bad>

      Examples:
        | bad        |
        | slow       |
        | stuttering |

    @gate
    Scenario: A customer who was away too long is told so once
      Given Acme is a Mid customer with stored usage
      And Acme watched and has left
      And more has happened since than the platform keeps
      When Acme reconnects
      Then Acme is told once that something was missed
      And Acme's next run is shown without a gap

    @gate @exclusive
    Scenario: A connected customer is told when the event store has lost its data
      Given Acme is an Enterprise customer with stored usage
      And Acme watches
      And Acme has finished a usage report
      When the event store crashes and comes back empty
      Then Acme is told once that something was missed
      And Acme's next run is shown without a gap

    @gate @exclusive
    Scenario: A returning customer is told when the event store has lost its data
      Given Acme is an Early customer with stored usage
      And Acme watches
      And Acme has finished a usage report
      And Acme has left, the event store has lost its data and as much has happened again
      When Acme reconnects
      Then Acme is told once that something was missed
