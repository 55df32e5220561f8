@tool_dispatcher
Feature: A failing tool does not end the work
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep answering when a source of figures does not
  Value impact:     Customers get what could be worked out, and know what is missing
  Strategic impact: The more sources we read, the more often one of them is down

  @TLD-05 @segment.early @segment.mid @segment.enterprise
  Rule: A failing tool is reported, the agent can go on, and the answer says that it is partial

    @gate
    Scenario Outline: A failing tool is reported, and the next one of the plan runs
      Given Acme is a Mid customer
      And Acme watches
      When Acme runs an agent that goes on after a tool that <flaw>
      Then Acme was shown that the tool failed, for a reason fit for a customer
      And the next tool of the plan has done its work
      And the run ends with an answer that is marked as partial

      Examples:
        | flaw                   |
        | cannot do its work     |
        | has a fault of its own |

    @smoke
    Scenario: A review leaves out what cannot be known
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has stored usage
      And Acme watches
      And the partner has lost its price list
      When Acme runs a savings review
      Then the run ends with an answer that is marked as partial, and has the totals of Acme's own usage

    @gate
    Scenario: An answer from which nothing is missing is whole
      Given Acme is an Early customer with servers in the cloud
      And Acme has stored usage
      And Acme watches
      When Acme runs a savings review
      Then the run ends with an answer that is not marked as partial
